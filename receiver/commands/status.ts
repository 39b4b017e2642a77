/** `receiver status`: what the receiver of this machine does now, and what each camera sent last. */
import { systemClock } from '../../shared/clock.js';
import { type Environment, writeTo } from '../../shared/cli/command.js';
import { serviceLines } from '../../shared/setup/doctor/machine-findings.js';
import { unitStates } from '../../shared/setup/doctor/unit-state.js';
import { OperationalError, UsageError, systemCode } from '../../shared/cli/errors.js';
import { scopeFor } from '../../shared/setup/install/scope.js';
import { readInstalledSettings } from '../../shared/setup/install/settings.js';
import { helpText, readCommandLine, flag } from '../../shared/cli/option-table.js';
import { ago, counted, humanSize } from '../../shared/cli/humanize.js';
import { capturesFor } from '../setup/installed.js';
import { KeyFolder } from '../access/keys/key-folder.js';
import { keysPlace } from '../access/keys/keys-place.js';
import { type PairedCamera, listCameras } from '../access/keys/pairing-codes.js';
import { receiverProgram } from '../options.js';
import { runTool } from '../../shared/process/run-tool.js';
import { type CameraSurvey, surveyCaptures } from '../store/captures-survey.js';
import { receiverUnits } from '../setup/units.js';

const program = {
  name: 'receiver',
  table: {
    dir: receiverProgram.table.dir,
    keys: receiverProgram.table.keys,
    user: flag("Look at the receiver of this user's own systemd, not at the system's."),
    json: flag('Print a line of JSON.'),
    help: flag('Show this.'),
  },
} as const;

const usage = `receiver status [--dir DIR]

Shows what the receiver does: its service, per camera the last frame and how many came today, and who is paired.

`;

/** @throws {UsageError} @throws {OperationalError} STORE: the captures may not be read */
export async function run(argv: readonly string[], env: Environment): Promise<void> {
  const { user } = readCommandLine(program, argv, env).options;
  const scope = scopeFor(user, env);
  const settings = await readInstalledSettings(scope, 'receiver');
  const { options, positionals } = readCommandLine(program, argv, {
    ...settings.variables,
    ...env,
  });
  if (options.help) {
    writeTo(1, `${usage}${helpText(program)}\n`);
    return;
  }
  if (positionals[0] !== undefined)
    throw new UsageError(`'${positionals[0]}' is no flag; try --help`);
  const dir = await capturesFor(options.dir, scope);
  const nowMs = systemClock.nowMs();
  const units = (await unitStates(runTool, receiverUnits, user)) ?? [];
  const cameras = await lookInto(dir, nowMs);
  // Where the keys are is among what this user may not read.
  const isHidden = settings.status === 'hidden' && options.keys === undefined;
  const folder = new KeyFolder(keysPlace(options.keys, env));
  const pairing = isHidden ? unknownPairing : await readPairing(folder, nowMs);
  if (options.json) {
    writeTo(1, `${JSON.stringify({ units, dir, cameras, ...pairing })}\n`);
    return;
  }
  const lines = [
    ...serviceLines(units, nowMs),
    `captures are in ${dir}`,
    ...(cameras.length === 0 ? ['no camera has sent anything yet'] : []),
    ...cameras.map((camera) => cameraLine(camera, nowMs)),
    ...pairingLines(pairing, nowMs),
  ];
  writeTo(1, lines.map((line) => `${line}\n`).join(''));
}

async function lookInto(dir: string, nowMs: number): Promise<readonly CameraSurvey[]> {
  try {
    return await surveyCaptures(dir, nowMs, systemClock.utcOffsetMinutes(nowMs));
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT') return [];
    if (systemCode(cause) === undefined) throw cause;
    const hint = 'sudo receiver status';
    throw new OperationalError('STORE', `cannot look into ${dir}`, { cause, hint });
  }
}

function cameraLine({ camera, lastMs, todayFrames, todayBytes }: CameraSurvey, nowMs: number) {
  const last = lastMs === undefined ? 'no frame' : `last frame ${ago(lastMs, nowMs)}`;
  return `${camera}: ${last}, ${counted(todayFrames, 'frame')} today (${humanSize(todayBytes)})`;
}

interface Pairing {
  /** Undefined: this user may not know. */
  readonly isClosed: boolean | undefined;
  readonly paired: readonly PairedCamera[];
}

const unknownPairing: Pairing = { isClosed: undefined, paired: [] };

async function readPairing(folder: KeyFolder, nowMs: number): Promise<Pairing> {
  try {
    return { isClosed: folder.isClosed(), paired: await listCameras(folder, nowMs) };
  } catch (error) {
    if (!(error instanceof OperationalError)) throw error;
    return unknownPairing;
  }
}

function pairingLines({ isClosed, paired }: Pairing, nowMs: number): readonly string[] {
  if (isClosed === undefined) return ['who is paired this user may not know: sudo receiver status'];
  const access = isClosed
    ? 'only paired cameras are accepted'
    : 'no camera is paired: anyone on this machine and its private networks is accepted';
  const cameras = paired.flatMap(({ camera, pairedAtMs, seen }) => {
    if (pairedAtMs === undefined) return [];
    const here =
      seen === undefined ? 'never here' : `here ${ago(seen.atMs, nowMs)} from ${seen.from}`;
    return [`${camera}: paired ${ago(pairedAtMs, nowMs)}, ${here}`];
  });
  return [access, ...cameras];
}

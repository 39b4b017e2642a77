/** `receiver status`: what the receiver of this machine does now, and what each camera sent last. */
import { systemClock } from '../../shared/clock.js';
import { type Environment, writeTo } from '../../shared/command.js';
import { serviceLines } from '../../shared/doctor/machine-findings.js';
import { unitStates } from '../../shared/doctor/unit-state.js';
import { OperationalError, UsageError, systemCode } from '../../shared/errors.js';
import { scopeFor } from '../../shared/install/scope.js';
import { readInstalledSettings } from '../../shared/install/settings.js';
import { helpText, readCommandLine, toggle } from '../../shared/option-table.js';
import { ago, counted, roughSize } from '../../shared/rough.js';
import { capturesFor } from '../installed.js';
import { receiverProgram } from '../options.js';
import { runTool } from '../run-program.js';
import { type CameraSurvey, surveyCaptures } from '../store/survey.js';
import { receiverUnits } from '../units.js';

const program = {
  name: 'receiver',
  table: {
    dir: receiverProgram.table.dir,
    user: toggle("Look at the receiver of this user's own systemd, not at the system's."),
    json: toggle('Print a line of JSON.'),
    help: toggle('Show this.'),
  },
} as const;

const usage = `receiver status [--dir DIR]

Shows what the receiver does: its service, and per camera the last frame and how many came today.

`;

/** @throws {UsageError} @throws {OperationalError} STORE: the captures may not be read */
export async function run(argv: readonly string[], env: Environment): Promise<void> {
  const { user } = readCommandLine(program, argv, env).options;
  const scope = scopeFor(user, env);
  const settings = await readInstalledSettings(scope, 'receiver');
  const { options, words } = readCommandLine(program, argv, { ...settings.variables, ...env });
  if (options.help) {
    writeTo(1, `${usage}${helpText(program)}\n`);
    return;
  }
  if (words[0] !== undefined) throw new UsageError(`'${words[0]}' is no flag; try --help`);
  const dir = await capturesFor(options.dir, scope);
  const nowMs = systemClock.nowMs();
  const units = (await unitStates(runTool, receiverUnits, user)) ?? [];
  const cameras = await lookInto(dir, nowMs);
  if (options.json) {
    writeTo(1, `${JSON.stringify({ units, dir, cameras })}\n`);
    return;
  }
  const lines = [
    ...serviceLines(units, nowMs),
    `captures are in ${dir}`,
    ...(cameras.length === 0 ? ['no camera has sent anything yet'] : []),
    ...cameras.map((camera) => cameraLine(camera, nowMs)),
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
  return `${camera}: ${last}, ${counted(todayFrames, 'frame')} today (${roughSize(todayBytes)})`;
}

/** `receiver status`: state of this machine's receiver, and the last frame of each camera. */
import { lstat, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../shared/clock.js';
import { type Environment, writeTo } from '../../shared/cli/command.js';
import { defineCommand } from '../../shared/cli/define-command.js';
import { serviceLines } from '../../shared/setup/doctor/machine-findings.js';
import { unitStates } from '../../shared/setup/doctor/unit-state.js';
import { OperationalError, systemCode } from '../../shared/cli/errors.js';
import { versionLines } from '../../shared/setup/doctor/version-findings.js';
import { serviceVersions } from '../../shared/setup/running-version.js';
import { scopeFor } from '../../shared/setup/install/scope.js';
import { readInstalledSettings } from '../../shared/setup/install/settings.js';
import { flag } from '../../shared/cli/option-table.js';
import { ago, humanSize } from '../../shared/cli/humanize.js';
import { ifExists } from '../../shared/files/if-exists.js';
import { placeFor } from '../setup/installed.js';
import { isBucketText } from '../store/s3/s3-address.js';
import { KeyFolder } from '../access/keys/key-folder.js';
import { keysPath } from '../access/keys/keys-path.js';
import { type PairedCamera, listCameras } from '../access/keys/pairing-codes.js';
import { hasClosedMark } from '../store/closed-mark.js';
import { markerName } from '../store/store-marker.js';
import { receiverProgram } from '../options.js';
import { runTool } from '../../shared/process/run-tool.js';
import { type WebAnswer, askViewer } from '../setup/doctor/web-answer.js';
import { receiverUnits } from '../setup/units.js';
import { type CameraNow, cameraText, camerasNow } from '../setup/cameras-now.js';
import { type Forecast, forecastText } from '../archive/retention/forecast.js';
import { type RetentionLimits, hasLimits, limitsText } from '../archive/retention/limits.js';
import { readForecast } from '../archive/retention/read-forecast.js';
import type { CountedSpace } from '../archive/bucket/counted-space.js';
import { mirrorOptions } from '../archive/mirror/mirror-options.js';
import { bucketNow, bucketSpaceText } from './bucket-now.js';
import type { MirrorOptions } from './open-mirror.js';
import { limitsOf } from './retention.js';

const program = {
  name: 'receiver',
  table: {
    dir: receiverProgram.table.dir,
    keys: receiverProgram.table.keys,
    maxAge: receiverProgram.table.maxAge,
    maxSize: receiverProgram.table.maxSize,
    minFree: receiverProgram.table.minFree,
    ...mirrorOptions,
    user: flag("Show the receiver of this user's systemd instance instead of the system's."),
    json: flag('Print the status as one line of JSON.'),
    help: flag('Show this help.'),
  },
} as const;

const usage = `receiver status [--dir DIR]

Shows the receiver's services, how full the captures are and when they will be full, each camera's last frame and its
frames of today, and which cameras are paired.

`;

/** @throws {UsageError} @throws {OperationalError} STORE: the captures, or where they are, may not be read */
export const run = defineCommand({
  program,
  usage,
  async run({ options: { user }, env, optionsWith }) {
    const scope = scopeFor(user, env);
    const settings = await readInstalledSettings(scope, 'receiver');
    const options = optionsWith(settings.variables);
    const dir = await placeFor(options.dir, scope);
    const isBucket = isBucketText(dir);
    const nowMs = systemClock.nowMs();
    const units = (await unitStates(runTool, receiverUnits, user)) ?? [];
    const versions = await serviceVersions(units, scope);
    const viewer = await askViewer(units);
    const limits = limitsOf(options);
    const isHiddenFile = settings.status === 'hidden';
    const { cameras, space, spaceText, absent, failure } = isBucket
      ? await lookIntoBucket(dir, options, { env, limits, isUser: user, isHidden: isHiddenFile })
      : await lookIntoDirectory(dir, limits, nowMs, isHiddenFile);
    // The settings that this user may not read name the keys folder.
    const isHidden = settings.status === 'hidden' && options.keys === undefined;
    const folder = new KeyFolder(keysPath(options.keys, env));
    const pairing = isHidden ? unknownPairing : await readPairing(folder, dir, nowMs);
    if (options.json) {
      writeTo(
        1,
        `${JSON.stringify({ units, versions, dir, cameras, space, viewer, ...pairing })}\n`,
      );
      if (failure !== undefined) throw failure;
      return;
    }
    const lines = [
      ...serviceLines(units, nowMs),
      ...versionLines(versions, user ? 'receiver install --user' : 'sudo receiver install'),
      ...(viewer === undefined ? [] : [viewerLine(viewer)]),
      `captures are in ${dir}`,
      ...(spaceText === undefined ? [] : [`space: ${spaceText}`]),
      ...(cameras.length === 0 && failure === undefined
        ? [absent ?? 'no camera has sent a frame yet']
        : []),
      ...cameras.map((camera) => `${camera.camera}: ${cameraText(camera, nowMs)}`),
      ...pairingLines(pairing, nowMs),
    ];
    writeTo(1, lines.map((line) => `${line}\n`).join(''));
    if (failure !== undefined) throw failure;
  },
});

function viewerLine({ address, failure }: WebAnswer): string {
  const state = failure === undefined ? 'answers' : `does not answer: ${failure}`;
  return `the viewer at ${address} ${state}`;
}

/** What the captures say. */
interface Look {
  readonly cameras: readonly CameraNow[];
  readonly space: Forecast | CountedSpace | undefined;
  readonly spaceText: string | undefined;
  /** Why there may be no camera: the directory, or the disk in it, is not there. */
  readonly absent?: string | undefined;
  /** The bucket cannot be read: the rest of the status is shown before it. */
  readonly failure?: OperationalError;
}

interface BucketLook {
  readonly env: Environment;
  readonly limits: RetentionLimits;
  readonly isUser: boolean;
  readonly isHidden: boolean;
}

/** @throws {UsageError} where the object store answers is missing */
async function lookIntoBucket(
  place: string,
  options: MirrorOptions,
  { env, limits, isUser, isHidden }: BucketLook,
): Promise<Look> {
  const clock = systemClock;
  try {
    const { cameras, space } = await bucketNow(place, options, { env, clock, limits, isUser });
    const spaceText = bucketSpaceText(space, limits, { nowMs: clock.nowMs(), isHidden });
    return { cameras, space, spaceText };
  } catch (error) {
    if (!(error instanceof OperationalError)) throw error;
    return { cameras: [], space: undefined, spaceText: undefined, failure: error };
  }
}

async function lookIntoDirectory(
  dir: string,
  limits: RetentionLimits,
  nowMs: number,
  isHidden: boolean,
): Promise<Look> {
  const cameras = await readCaptures(dir, nowMs);
  const absent = cameras.length === 0 ? await whyAbsent(dir) : undefined;
  const space = await readSpace(dir, limits, nowMs);
  return { cameras, space, spaceText: space && spaceTextOf(space, limits, isHidden), absent };
}

/** @returns undefined: a receiver has used the directory */
async function whyAbsent(dir: string): Promise<string | undefined> {
  if ((await ifExists(stat(dir))) === undefined) {
    return `${dir} does not exist: mount its disk; sudo receiver doctor says what else there is to do`;
  }
  if ((await ifExists(lstat(join(dir, markerName)))) !== undefined) return undefined;
  return `no receiver has used ${dir} yet; if frames were there before, mount their disk`;
}

async function readCaptures(dir: string, nowMs: number): Promise<readonly CameraNow[]> {
  try {
    return await camerasNow(dir, nowMs, systemClock.utcOffsetMinutes(nowMs));
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT') return [];
    if (systemCode(cause) === undefined) throw cause;
    const hint = 'sudo receiver status';
    throw new OperationalError('STORE', `cannot read ${dir}`, { cause, hint });
  }
}

/** @returns undefined: no receiver has stored here yet */
async function readSpace(
  dir: string,
  limits: RetentionLimits,
  nowMs: number,
): Promise<Forecast | undefined> {
  try {
    return await readForecast(dir, limits, nowMs);
  } catch (error) {
    if (error instanceof OperationalError || systemCode(error) !== undefined) return undefined;
    throw error;
  }
}

function spaceTextOf(space: Forecast, limits: RetentionLimits, isHidden: boolean): string {
  const limited = hasLimits(limits) ? `${limitsText(limits)}: ` : '';
  // Without the settings the limits are unknown.
  if (isHidden && !hasLimits(limits)) return `${humanSize(space.usedBytes)} used`;
  return `${limited}${forecastText(space, limits)}`;
}

interface Pairing {
  /** Undefined: this user may not read the keys. */
  readonly isClosed: boolean | undefined;
  /** True: a camera was paired, and the folder has no keys, so that no receiver starts. */
  readonly isMissingKeys: boolean;
  readonly paired: readonly PairedCamera[];
}

const unknownPairing: Pairing = { isClosed: undefined, isMissingKeys: false, paired: [] };

async function readPairing(folder: KeyFolder, dir: string, nowMs: number): Promise<Pairing> {
  try {
    const isClosed = folder.isClosed();
    const isMissingKeys = !isClosed && (await hasClosedMark(dir).catch(() => false));
    return { isClosed, isMissingKeys, paired: await listCameras(folder, nowMs) };
  } catch (error) {
    if (!(error instanceof OperationalError)) throw error;
    return unknownPairing;
  }
}

function pairingLines(pairing: Pairing, nowMs: number): readonly string[] {
  const { isClosed, isMissingKeys, paired } = pairing;
  if (isClosed === undefined) return ['this user may not read the keys: sudo receiver status'];
  if (isMissingKeys) {
    return ['a camera was paired, and its keys are gone: no receiver starts; sudo receiver doctor'];
  }
  const access = isClosed
    ? 'only paired cameras are accepted'
    : 'no camera is paired: any peer on this machine and its private networks is accepted';
  const cameras = paired.flatMap(({ camera, pairedAtMs, seen }) => {
    if (pairedAtMs === undefined) return [];
    const connected =
      seen === undefined
        ? 'never connected'
        : `last connected ${ago(seen.atMs, nowMs)} from ${seen.from}`;
    return [`${camera}: paired ${ago(pairedAtMs, nowMs)}, ${connected}`];
  });
  return [access, ...cameras];
}

/** The agent without a verb: reads options, builds the parts, and watches until a signal or for one shot. */
import { hostname } from 'node:os';
import { join } from 'node:path';
import { type Destination, formatAddress } from '../../shared/cli/address.js';
import { cameraNameFromHost } from '../../shared/protocol/camera-name.js';
import { systemClock } from '../../shared/clock.js';
import { type Environment, abortOnSignals, openLog, writeTo } from '../../shared/cli/command.js';
import { type OperationalError, UsageError } from '../../shared/cli/errors.js';
import type { CameraKey } from '../../shared/keys/identity.js';
import { type CommandLine, helpText, readCommandLine } from '../../shared/cli/option-table.js';
import type { Log } from '../../shared/cli/log.js';
import { RepeatingErrorLog } from '../../shared/cli/repeating-error-log.js';
import { restrictNewFiles } from '../../shared/files/umask.js';
import { version } from '../../shared/cli/version.js';
import { DetectionPipeline, type PipelineSettings, type StateStorage } from '../detect/pipeline.js';
import { KeyStore, KeysMissing } from '../uplink/keys/key-store.js';
import { PairedMark } from '../uplink/keys/paired-mark.js';
import { Delivery } from '../uplink/delivery.js';
import { runOnce } from '../watch/once.js';
import { type AgentOptions, agentProgram } from '../options.js';
import { WatchProgress } from '../watch/watch-progress.js';
import { openServiceManager } from '../service/service-manager.js';
import { longestPauseMs } from '../service/watchdog-plan.js';
import { openSource } from '../source/open-source.js';
import { sourceSettings, temporaryDirectory } from '../source/source-settings.js';
import { DropLog } from '../spool/drop-log.js';
import type { CloseResult, Spool } from '../spool/spool.js';
import { SpoolSet, type SpoolSetSettings } from '../spool/spool-set.js';
import { lockState } from '../service/state-lock.js';
import { StateDirectory, defaultStateDirectory, isEmpty } from '../service/state.js';
import { Uplink } from '../uplink/uplink.js';
import { type WatchParts, takeOne, watch } from '../watch/watch.js';

/** The longest that the source `command` waits before it starts its program again. */
const commandPauseMs = 60_000;
/** To end a program that is past its time, and to clean up. */
const cleanupMs = 1000;
/** After SIGTERM, beyond the moment that delivery gives itself: never reached. */
const stopLimitMs = 5000;

type AgentLine = CommandLine<typeof agentProgram.table>;

const usage = `agent --host HOST[:PORT] [--source SOURCE] … [-- COMMAND ARGUMENT …]

Watches a camera and sends the frames that changed to a receiver.
Every flag has an environment variable: --shot-timeout is AGENT_SHOT_TIMEOUT. The command after -- is a
JSON array in AGENT_COMMAND.

`;

/** @throws {UsageError} @throws {OperationalError} */
export async function run(argv: readonly string[], env: Environment): Promise<void> {
  const line = readCommandLine(agentProgram, argv, env);
  const { options } = line;
  if (options.help || options.version) {
    writeTo(1, options.help ? `${usage}${helpText(agentProgram)}\n` : `${version}\n`);
    return;
  }
  if (line.positionals[0] !== undefined) {
    throw new UsageError(`'${line.positionals[0]}' is no flag; try agent --help`);
  }
  if (options.idleExit > 0 && (options.source.kind !== 'file' || options.once)) {
    throw new UsageError('--idle-exit is for --source file:PATH without --once');
  }
  // Frames and keys are nobody else's.
  restrictNewFiles(0o077);
  const name = options.camera ?? cameraNameFromHost(hostname());
  const destinations = eachOnce(options.host);
  const statePath = options.state ?? defaultStateDirectory(env, name);
  const mark = new PairedMark(statePath, env, { isRequired: options.paired });
  const keys = new KeyStore(statePath, env.CREDENTIALS_DIRECTORY, mark);
  const paired = await pairedName(keys, destinations, { name, statePath });
  const camera = paired ?? name;
  const state = await StateDirectory.open(statePath);
  // A service may not write there, and has its mark from "agent pair" and "agent install".
  if (paired !== undefined && !env.STATE_DIRECTORY) await mark.makeMissing().catch(() => undefined);
  const isShared = options.spool === 'memory' && !options.once;
  const lock = isShared ? undefined : await lockState(state.path);
  try {
    await work(line, { camera, destinations, state, keys }, env);
  } finally {
    await lock?.close();
  }
}

interface Place {
  readonly camera: string;
  readonly destinations: readonly Destination[];
  readonly state: StateDirectory;
  readonly keys: KeyStore;
}

/** Builds the parts, and lets them work until a signal, or for one shot. */
async function work(line: AgentLine, place: Place, env: Environment): Promise<void> {
  const { camera, destinations, state } = place;
  const { options } = line;
  const clock = systemClock;
  const random = Math.random;
  const signal = abortOnSignals();
  const log = openLog('agent', options.verbose, env, clock);
  // Wrong settings would end a service for good, and pairing gives the name while it runs.
  if (options.camera !== undefined && options.camera !== camera) {
    log.warn('the name that it was paired under counts, not --camera', {
      camera,
      asked: options.camera,
    });
  }
  const runtimeDirectory = temporaryDirectory(env);
  const spools = await openSpools(options, place, log);
  const isSpooled: StateStorage['isSpooled'] = (atMs, sha256) => spools.holds(atMs, sha256);
  const remembered = options.once ? { state, runtimeDirectory, isSpooled } : undefined;
  const pipeline = await DetectionPipeline.open(pipelineSettings(options), remembered, log);
  const attemptMs = longestAttemptMs(options);
  const manager = options.once
    ? undefined
    : openServiceManager(env, process.pid, { attemptMs, clock, log, signal });
  const waitingCount = (): number => spools.waitingCount;
  const idleExitMs = options.idleExit;
  let delivery: Delivery | undefined;
  const isPending = (): boolean => delivery?.isPending ?? true;
  const progress = new WatchProgress({ idleExitMs, clock, waitingCount, isPending, manager });
  const onLooked = (isQuiet: boolean): void => progress.polled(isQuiet);
  const source = await openSource({ ...sourceSettings(options, line.command, env), onLooked });
  try {
    const deliver = (): Delivery => {
      const uplinks = destinations.map((destination) => {
        const spool = spools.spoolFor(destination);
        const onReceiver = (id: string): Promise<readonly Spool[]> =>
          spools.noteReceiver(destination, id);
        const keys = (): Promise<readonly CameraKey[]> => place.keys.keysFor(destination, camera);
        return new Uplink({ destination, camera, keys, spool, clock, log, random, onReceiver });
      });
      return new Delivery(uplinks, clock);
    };
    const onJudged: WatchParts['onJudged'] = ({ capturedAtMs, verdict }, sha256) => {
      progress.judged(verdict.sent);
      const line = { event: 'judged', capturedAtMs, sha256, verdict };
      if (options.json) writeTo(1, `${JSON.stringify(line)}\n`);
    };
    const judge: WatchParts['judge'] = (frame) => pipeline.process(frame);
    const finish: WatchParts['finish'] = () => pipeline.finish();
    const parts = { source, judge, finish, outbox: spools, clock, log, random, onJudged };
    // A timer's runs would fill the journal.
    const facts = { camera, source: source.name, waiting: spools.waitingCount };
    if (options.once) log.debug('watching', facts);
    else log.info('watching', facts);
    if (options.once) {
      const take = (): Promise<void> => takeOne(parts, signal);
      const remember = (): Promise<void> => pipeline.keepState();
      const once = { take, deliver, spools, remember, log };
      await runOnce(once, options.sendTimeout, signal);
    } else {
      delivery = deliver();
      progress.ready();
      const settings = {
        intervalMs: options.interval,
        pauseCapMs: manager?.pauseCapMs ?? longestPauseMs,
        onAttempted: (failure?: OperationalError): void => progress.attempted(failure),
      };
      const over = AbortSignal.any([signal, progress.idle]);
      // Delivery goes on until it is told to end: that it ends before is a bug, and is thrown.
      await Promise.race([watch(parts, settings, over), delivery.ended]);
      await delivery.finish(stopLimitMs, signal);
      sayFarewell(await spools.close(), log);
    }
  } finally {
    await source.close();
    await pipeline.close();
  }
}

function sayFarewell({ onDisk, lost, isRecorded }: CloseResult, log: Log): void {
  if (onDisk > 0) log.info('frames wait on the disk', { frames: onDisk });
  if (lost === 0) return;
  const how = isRecorded ? 'the receiver is told' : 'no receiver is told';
  log.error('frames are lost: they waited in memory', { frames: lost, how });
}

/** From the end of the pause before it: the interval, the shot or the silence, the clearing up. */
function longestAttemptMs({ source, interval, shotTimeout }: AgentOptions): number {
  const ownPauseMs = source.kind === 'command' ? commandPauseMs : 0;
  return interval + ownPauseMs + shotTimeout + cleanupMs;
}

function openSpools(options: AgentOptions, place: Place, log: Log): Promise<SpoolSet> {
  const settings = spoolSettings(options, log);
  if (options.spool === 'memory') {
    return Promise.resolve(SpoolSet.inMemory(place.destinations, settings));
  }
  return SpoolSet.onDisk(join(place.state.path, 'spool'), place.destinations, settings);
}

/**
 * The name that the receiver's user gave this camera at pairing; undefined: it is not paired, or its keys are gone.
 * @throws {OperationalError} KEYS: also when all that the agent ever kept is gone; frames would be kept in a place
 *   that a disk, once it is mounted, hides
 */
async function pairedName(
  keys: KeyStore,
  destinations: readonly Destination[],
  { name, statePath }: { readonly name: string; readonly statePath: string },
): Promise<string | undefined> {
  try {
    for (const destination of destinations) {
      const [key] = await keys.keysFor(destination, name);
      if (key !== undefined) return key.camera;
    }
  } catch (error) {
    if (!(error instanceof KeysMissing) || (await isEmpty(statePath))) throw error;
  }
  return undefined;
}

/** @throws {UsageError} there is none, or one stands there twice */
function eachOnce(destinations: readonly Destination[]): readonly Destination[] {
  const names = destinations.map(({ host, port }) => formatAddress(host.toLowerCase(), port));
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new UsageError(`--host ${twice} is given twice`);
  if (names.length > 0) return destinations;
  throw new UsageError('where shall the frames go?', { hint: 'say it with --host HOST' });
}

function spoolSettings(options: AgentOptions, log: Log): SpoolSetSettings {
  const report = new DropLog(log, systemClock);
  // A full disk fails at every frame.
  const troubles = new Map<string, RepeatingErrorLog>();
  const onError = (event: string, error: unknown): void => {
    const trouble = troubles.get(event) ?? new RepeatingErrorLog(log, systemClock);
    troubles.set(event, trouble);
    trouble.failed(event, error);
  };
  const onRecovered = (event: string, words: string): void => troubles.get(event)?.worked(words);
  return {
    maxBytes: options.spoolMaxSize ?? (options.spool === 'disk' ? 2 ** 30 : 64 * 2 ** 20),
    maxAgeMs: options.spoolMaxAge,
    dropsFirst: options.spoolFull,
    sendsFirst: options.sendOrder,
    clock: systemClock,
    onDropped: (count, why) => report.note(count, why),
    onError,
    onRecovered,
    onForeign: (path) => log.warn('left alone a file that is not of the spool', { path }),
    onOrphaned: (folder, waiting) =>
      log.warn('frames wait for a receiver that is no --host any more', { folder, waiting }),
  };
}

function pipelineSettings(options: AgentOptions): PipelineSettings {
  return {
    all: options.all,
    sensitivity: options.sensitivity,
    minArea: options.minArea,
    absorbMs: options.absorb,
    selection: {
      // A slow camera's frames are far apart without anything being over.
      eventGapMs: Math.max(options.eventGap, 3 * options.interval),
      minDurationMs: options.minDuration,
      before: options.before,
      after: options.after,
      keepEveryMs: options.keepEvery,
    },
    maskPath: options.mask,
    explainDirectory: options.explain,
  };
}

/** The agent without a command: reads options, connects the parts, and watches until a signal or for one shot. */
import { hostname } from 'node:os';
import { join } from 'node:path';
import { type Destination, formatAddress } from '../../shared/cli/address.js';
import { cameraNameFromHost } from '../../shared/protocol/camera-name.js';
import { systemClock } from '../../shared/clock.js';
import { type Environment, abortOnSignals, openLog, writeTo } from '../../shared/cli/command.js';
import { defineCommand } from '../../shared/cli/define-command.js';
import { type OperationalError, UsageError } from '../../shared/cli/errors.js';
import type { CommandLine } from '../../shared/cli/option-table.js';
import type { Log } from '../../shared/cli/log.js';
import { restrictNewFiles } from '../../shared/files/umask.js';
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
import type { QueueSettings } from '../spool/queue-spool.js';
import { SpoolLog } from '../spool/spool-log.js';
import type { CloseResult } from '../spool/spool.js';
import { SpoolSet } from '../spool/spool-set.js';
import { lockState } from '../service/state-lock.js';
import { StateDirectory, defaultStateDirectory, isEmpty } from '../service/state.js';
import { Uplink } from '../uplink/uplink.js';
import { type WatchParts, takeOne, watch } from '../watch/watch.js';

/** Maximum pause of the source `command` before it starts its program again. */
const commandPauseMs = 60_000;
/** Time to end a program that exceeds its limit, and to clean up. */
const cleanupMs = 1000;
/** Upper bound for delivery after SIGTERM; delivery's own limit is shorter. */
const stopLimitMs = 5000;

type AgentLine = CommandLine<typeof agentProgram.table>;

const usage = `agent --host HOST[:PORT] [--source SOURCE] … [-- COMMAND ARGUMENT …]

Watches a camera and sends the frames in which something changed to a receiver.
Every flag has an environment variable: --shot-timeout is AGENT_SHOT_TIMEOUT. AGENT_COMMAND holds the command
after -- as a JSON array.

`;

/** @throws {UsageError} @throws {OperationalError} */
export const run = defineCommand({
  program: agentProgram,
  usage,
  accepts: 'command',
  run: (invocation) => start(invocation, invocation.env),
});

async function start(line: AgentLine, env: Environment): Promise<void> {
  const { options } = line;
  if (options.idleExit > 0 && (options.source.kind !== 'file' || options.once)) {
    throw new UsageError('--idle-exit requires --source file:PATH and excludes --once');
  }
  // Other users must not read frames and keys.
  restrictNewFiles(0o077);
  const name = options.camera ?? cameraNameFromHost(hostname());
  const destinations = checkDestinations(options.host);
  const statePath = options.state ?? defaultStateDirectory(env, name);
  const mark = new PairedMark(statePath, env, { isRequired: options.paired });
  const keys = new KeyStore(statePath, env.CREDENTIALS_DIRECTORY, mark);
  const paired = await pairedName(keys, destinations, { name, statePath });
  const camera = paired ?? name;
  const state = await StateDirectory.open(statePath);
  // A service cannot write the mark; "agent pair" and "agent install" write it.
  if (paired !== undefined && !env.STATE_DIRECTORY) await mark.makeMissing().catch(() => undefined);
  const isShared = options.spool === 'memory' && !options.once;
  const lock = isShared ? undefined : await lockState(state.path);
  try {
    await runAgent(line, { camera, destinations, state, keys }, env);
  } finally {
    await lock?.close();
  }
}

interface AgentContext {
  readonly camera: string;
  readonly destinations: readonly Destination[];
  readonly state: StateDirectory;
  readonly keys: KeyStore;
}

/** Connects the parts and runs them until a signal, or for one shot. */
async function runAgent(line: AgentLine, context: AgentContext, env: Environment): Promise<void> {
  const { camera, destinations, state } = context;
  const { options } = line;
  const clock = systemClock;
  const random = Math.random;
  const signal = abortOnSignals();
  const log = openLog('agent', options.verbose, env, clock);
  // Not a usage error: systemd does not restart a service after exit code 2.
  if (options.camera !== undefined && options.camera !== camera) {
    log.warn('--camera ignored: paired under another name', {
      camera,
      ignored: options.camera,
    });
  }
  const runtimeDirectory = temporaryDirectory(env);
  const spools = await openSpools(options, context, log);
  const isSpooled: StateStorage['isSpooled'] = (atMs, sha256) => spools.holds(atMs, sha256);
  const remembered = options.once ? { state, runtimeDirectory, isSpooled } : undefined;
  const pipeline = await DetectionPipeline.open(pipelineSettings(options), remembered, log);
  const attemptMs = longestAttemptMs(options);
  const manager = options.once
    ? undefined
    : openServiceManager(env, process.pid, { attemptMs, clock, log, signal });
  const waitingCount = (): number => spools.waitingCount;
  const idleExitMs = options.idleExit;
  const uplinks = destinations.map(
    (destination) =>
      new Uplink({ destination, camera, keys: context.keys, spools, clock, log, random }),
  );
  const delivery = new Delivery(uplinks, clock);
  const isPending = (): boolean => delivery.isPending;
  const progress = new WatchProgress({ idleExitMs, clock, waitingCount, isPending, manager });
  const onPoll = (isQuiet: boolean): void => progress.polled(isQuiet);
  const source = await openSource({ ...sourceSettings(options, line.command, env), onPoll });
  try {
    const onJudged: WatchParts['onJudged'] = ({ capturedAtMs, verdict }, sha256) => {
      progress.judged(verdict.sent);
      const line = { event: 'judged', capturedAtMs, sha256, verdict };
      if (options.json) writeTo(1, `${JSON.stringify(line)}\n`);
    };
    const judge: WatchParts['judge'] = (frame) => pipeline.process(frame);
    const finish: WatchParts['finish'] = () => pipeline.finish();
    const parts = { source, judge, finish, outbox: spools, clock, log, random, onJudged };
    // One-shot runs of a timer would fill the journal.
    const facts = { camera, source: source.name, waiting: spools.waitingCount };
    if (options.once) log.debug('watching', facts);
    else log.info('watching', facts);
    if (options.once) {
      const take = (): Promise<void> => takeOne(parts, signal);
      const remember = (): Promise<void> => pipeline.keepState();
      const once = { take, delivery, spools, remember, log };
      await runOnce(once, options.sendTimeout, signal);
    } else {
      const ended = delivery.start();
      progress.ready();
      const settings = {
        intervalMs: options.interval,
        pauseCapMs: manager?.pauseCapMs ?? longestPauseMs,
        onAttempted: (failure?: OperationalError): void => progress.attempted(failure),
      };
      const end = AbortSignal.any([signal, progress.idle]);
      // Delivery runs until `finish`; an earlier end is a bug and rejects.
      await Promise.race([watch(parts, settings, end), ended]);
      await delivery.finish(stopLimitMs, signal);
      logUndelivered(await spools.close(), log);
    }
  } finally {
    await source.close();
    await pipeline.close();
  }
}

function logUndelivered({ onDisk, lost, isRecorded }: CloseResult, log: Log): void {
  if (onDisk > 0) log.info('frames wait on the disk', { frames: onDisk });
  if (lost === 0) return;
  const gap = isRecorded ? 'reported to the receiver' : 'not reported to the receiver';
  log.error('undelivered frames lost: they waited in memory', { frames: lost, gap });
}

/** Maximum time of one attempt, from the end of the pause before it: interval, shot or silence, cleanup. */
function longestAttemptMs({ source, interval, shotTimeout }: AgentOptions): number {
  const pauseMs = source.kind === 'command' ? commandPauseMs : 0;
  return interval + pauseMs + shotTimeout + cleanupMs;
}

function openSpools(options: AgentOptions, context: AgentContext, log: Log): Promise<SpoolSet> {
  const settings = spoolSettings(options, log);
  if (options.spool === 'memory') {
    return Promise.resolve(SpoolSet.inMemory(context.destinations, settings));
  }
  return SpoolSet.onDisk(join(context.state.path, 'spool'), context.destinations, settings);
}

/**
 * The camera's name from pairing; undefined: the camera is not paired, or its keys are missing.
 * @throws {OperationalError} KEYS: also when the whole state directory of a paired agent is empty: its disk may not
 *   be mounted, and the mount would hide frames that are spooled now
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

/** @throws {UsageError} no destination, or one is given twice */
function checkDestinations(destinations: readonly Destination[]): readonly Destination[] {
  const addresses = destinations.map(({ host, port }) => formatAddress(host.toLowerCase(), port));
  const duplicate = addresses.find((address, index) => addresses.indexOf(address) !== index);
  if (duplicate !== undefined) throw new UsageError(`--host ${duplicate} is given twice`);
  if (addresses.length > 0) return destinations;
  throw new UsageError('--host is required', { hint: 'name the receiver with --host HOST' });
}

function spoolSettings(options: AgentOptions, log: Log): QueueSettings {
  return {
    maxBytes: options.spoolMaxSize ?? (options.spool === 'disk' ? 2 ** 30 : 64 * 2 ** 20),
    maxAgeMs: options.spoolMaxAge,
    dropsFirst: options.spoolFull,
    sendsFirst: options.sendOrder,
    clock: systemClock,
    report: new SpoolLog(log, systemClock),
  };
}

function pipelineSettings(options: AgentOptions): PipelineSettings {
  return {
    all: options.all,
    sensitivity: options.sensitivity,
    minArea: options.minArea,
    absorbMs: options.absorb,
    selection: {
      // At a long interval, two frames of one event are further apart than --event-gap.
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

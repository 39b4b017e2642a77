/** Composition root of the agent without `--once`: connects the parts, and watches until a signal or the idle exit. */
import { setFlagsFromString } from 'node:v8';
import type { Log } from '../../../shared/cli/log.js';
import { DetectionPipeline } from '../../detect/pipeline.js';
import { writeRunningVersion } from '../../../shared/setup/running-version.js';
import type { AgentOptions } from '../../options.js';
import { openServiceManager } from '../../service/service-manager.js';
import { longestPauseMs } from '../../service/watchdog-plan.js';
import { checkConsume } from '../../source/consume-guard.js';
import { ConsumedFiles } from '../../source/consumed-files.js';
import { openSource } from '../../source/open-source.js';
import { sourceSettings } from '../../source/source-settings.js';
import { TakenFiles } from '../../source/taken-files.js';
import type { CloseResult } from '../../spool/spool.js';
import { longestIntervalMs } from '../../watch/pace.js';
import { EventLog } from '../../watch/event-log.js';
import { WatchProgress } from '../../watch/watch-progress.js';
import { watch } from '../../watch/watch.js';
import type { AgentContext } from './context.js';
import {
  eventGapMs,
  makeDelivery,
  openReporter,
  openSpools,
  openUplinkStates,
  pipelineSettings,
  verdictPrinters,
} from './parts.js';

/** Maximum pause of a source that runs a program before it starts that again. */
const programPauseMs = 60_000;
/** Time to end a program that exceeds its limit, and to clean up. */
const cleanupMs = 1000;
/** Upper bound for delivery after SIGTERM; delivery's own limit is shorter. */
const stopLimitMs = 5000;

/**
 * Keeps V8's heap for new objects at the size that it begins with. It would grow with what a frame leaves behind, up to
 * 32 MiB, and saves no time that can be measured.
 */
function keepHeapSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}

export async function watchContinuously(context: AgentContext): Promise<void> {
  keepHeapSmall();
  const { options, command, env, camera, state, clock, log, random, signal } = context;
  if (options.consume && options.source.kind === 'folder') {
    const { path: directory } = options.source;
    const { recursive: isRecursive, yes: isAllowed } = options;
    await checkConsume({ directory, isRecursive, isAllowed, state });
  }
  await writeRunningVersion(env, log);
  const spools = await openSpools(context);
  const pipeline = await DetectionPipeline.open(pipelineSettings(options), undefined, log);
  const attemptMs = longestAttemptMs(options);
  const manager = openServiceManager(env, process.pid, { attemptMs, clock, log, signal });
  const reports = await openReporter(context, spools);
  const states = await openUplinkStates(context);
  const delivery = makeDelivery(context, spools, reports, states);
  const idleExitMs = options.idleExit;
  const progress = new WatchProgress({
    ...{ idleExitMs, clock, spools, delivery, reports, manager },
    uplinks: states,
  });
  states.onChange(() => progress.changed());
  const events = new EventLog(eventGapMs(options), log);
  const taken =
    options.consume && options.spool === 'disk' ? await TakenFiles.open(state) : undefined;
  const consumed = options.consume ? new ConsumedFiles(taken, log, clock) : undefined;
  await consumed?.resume(spools);
  const source = await openSource({
    ...{ ...sourceSettings(options, command, env), consumed },
    ...{ observer: progress, log },
  });
  try {
    log.info('watching', { camera, source: source.name, waiting: spools.waitingCount });
    const ended = delivery.start();
    progress.ready();
    const observers = [
      ...[progress, events],
      ...(reports ? [reports] : []),
      ...verdictPrinters(options),
    ];
    const cycle = { source, pipeline, outbox: spools, observers, clock, log };
    const settings = {
      intervalMs: options.interval,
      pauseCapMs: manager?.pauseCapMs ?? longestPauseMs,
    };
    const end = AbortSignal.any([signal, progress.idle]);
    const reporting = reports?.run(end);
    // Delivery runs until `finish`; an earlier end is a bug and rejects.
    await Promise.race([watch({ ...cycle, progress, random }, settings, end), ended]);
    events.finish();
    await reporting;
    await reports?.finish();
    await delivery.finish(stopLimitMs, signal);
    logUndelivered(await spools.close(), log);
  } finally {
    await reports?.close();
    await states.close();
    await source.close();
    await pipeline.close();
    await taken?.close();
  }
}

/** Maximum time of one attempt, from the end of the pause before it: interval, shot or silence, cleanup. */
function longestAttemptMs(options: AgentOptions): number {
  const { source, shotTimeout } = options;
  const pauseMs = source.kind === 'command' || source.kind === 'rtsp' ? programPauseMs : 0;
  // A camera is asked for its stream first: no longer than for a frame.
  const askMs = source.kind === 'rtsp' ? shotTimeout : 0;
  return longestIntervalMs(options) + pauseMs + askMs + shotTimeout + cleanupMs;
}

function logUndelivered({ onDisk, lost, isRecorded }: CloseResult, log: Log): void {
  if (onDisk > 0) log.info('frames wait on the disk', { frames: onDisk });
  if (lost === 0) return;
  const gap = isRecorded ? 'recorded: the receiver gets it later' : 'not recorded';
  log.error('undelivered frames lost: they waited in memory', { frames: lost, gap });
}

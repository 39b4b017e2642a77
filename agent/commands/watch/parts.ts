/** Builds the parts that a continuous watch and a one-shot run have in common, from the options. */
import { join } from 'node:path';
import { writeTo } from '../../../shared/cli/command.js';
import { explanationSettings } from '../../detect/detection-options.js';
import type { PipelineSettings } from '../../detect/pipeline.js';
import type { AgentOptions } from '../../options.js';
import { SpoolLog } from '../../spool/spool-log.js';
import { SpoolSet, spoolFolderName } from '../../spool/spool-set.js';
import { Reporter } from '../../reports/reporter.js';
import { Delivery } from '../../uplink/delivery.js';
import { Uplink } from '../../uplink/uplink.js';
import { UplinkStates } from '../../uplink/uplink-states.js';
import type { FrameObserver } from '../../watch/take-frame.js';
import { longestIntervalMs } from '../../watch/pace.js';
import { VerdictPrinter } from '../../watch/verdict-printer.js';
import type { AgentContext } from './context.js';

/** @throws {OperationalError} STATE */
export async function openSpools(context: AgentContext): Promise<SpoolSet> {
  const { options, destinations, state, clock, log } = context;
  const settings = {
    maxBytes: options.spoolMaxSize ?? (options.spool === 'disk' ? 2 ** 30 : 64 * 2 ** 20),
    maxAgeMs: options.spoolMaxAge,
    dropsFirst: options.spoolFull,
    sendsFirst: options.sendOrder,
    clock,
    report: new SpoolLog(log, clock),
  };
  if (options.spool === 'memory') return SpoolSet.inMemory(destinations, settings);
  return SpoolSet.onDisk(join(state.path, 'spool'), destinations, settings);
}

/**
 * What the camera did before is read from the state directory. Frames that wait in memory end with the process, and so
 * do reports.
 * @returns undefined: a one-shot run without a spool on the disk, which states nothing about the time between two runs
 */
export async function openReporter(
  context: AgentContext,
  spools: SpoolSet,
): Promise<Reporter | undefined> {
  const { options, state, clock, log } = context;
  const isOnDisk = options.spool === 'disk';
  if (options.once && !isOnDisk) return undefined;
  return Reporter.open({
    // At a long interval or shot there is nothing new to report earlier.
    everyMs: Math.max(options.reportEvery, longestIntervalMs(options) + options.shotTimeout),
    isOneShot: options.once,
    eventGapMs: eventGapMs(options),
    spools: spools.all,
    state: isOnDisk ? state : undefined,
    ...{ clock, log },
  });
}

/** What `agent status` shows of the receivers. Without the lock another agent may use the state directory. */
export async function openUplinkStates(context: AgentContext): Promise<UplinkStates> {
  const { destinations, state, lock, clock, log } = context;
  const kept = lock === undefined ? undefined : state;
  const states = await UplinkStates.open({ state: kept, clock, log });
  states.setConfigured(destinations.map(spoolFolderName));
  return states;
}

/** The delivery, not started. */
export function makeDelivery(
  context: AgentContext,
  spools: SpoolSet,
  reporter: Reporter | undefined,
  states: UplinkStates,
): Delivery {
  const { options, camera, destinations, keys, signing, clock, log, random } = context;
  const uplinks = destinations.map(
    (destination) =>
      new Uplink({
        ...{ destination, camera, keys, signing, spools, clock, log, random },
        reports: reporter?.pendingFor(spools.spoolFor(destination)),
        status: states.statusOf(spoolFolderName(destination), destination),
        // The runs of a timer would fill the journal.
        announces: !options.once,
      }),
  );
  return new Delivery(uplinks, clock);
}

/** `--json`. */
export function verdictPrinters({ json }: AgentOptions): readonly FrameObserver[] {
  return json ? [new VerdictPrinter((text) => writeTo(1, text))] : [];
}

export function pipelineSettings(options: AgentOptions): PipelineSettings {
  return {
    all: options.all,
    sensitivity: options.sensitivity,
    minArea: options.minArea,
    absorbMs: options.absorb,
    selection: {
      eventGapMs: eventGapMs(options),
      minDurationMs: options.minDuration,
      before: options.before,
      after: options.after,
      keepEveryMs: options.keepEvery,
    },
    maskPath: options.mask,
    explain: explanationSettings(options, eventGapMs(options)),
  };
}

/** At a long interval, two frames of one event are further apart than --event-gap. */
export function eventGapMs(options: AgentOptions): number {
  return Math.max(options.eventGap, 3 * longestIntervalMs(options));
}

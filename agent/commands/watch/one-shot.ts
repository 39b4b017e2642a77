/** Composition root of `--once`: connects the parts of a one-shot run, and runs it. */
import { DetectionPipeline } from '../../detect/pipeline.js';
import { openSource } from '../../source/open-source.js';
import { sourceSettings, temporaryDirectory } from '../../source/source-settings.js';
import { runOnce } from '../../watch/once.js';
import type { AgentContext } from './context.js';
import {
  makeDelivery,
  openReporter,
  openSpools,
  openUplinkStates,
  pipelineSettings,
  verdictPrinters,
} from './parts.js';

export async function watchOnce(context: AgentContext): Promise<void> {
  const { options, command, env, camera, state, clock, log, signal } = context;
  const spools = await openSpools(context);
  const storage = { state, runtimeDirectory: temporaryDirectory(env), spools };
  const pipeline = await DetectionPipeline.open(pipelineSettings(options), storage, log);
  const reports = await openReporter(context, spools);
  const states = await openUplinkStates(context);
  const source = await openSource(sourceSettings(options, command, env));
  try {
    // Not at level info: the runs of a timer would fill the journal.
    log.debug('watching', { camera, source: source.name, waiting: spools.waitingCount });
    const observers = [...(reports ? [reports] : []), ...verdictPrinters(options)];
    const delivery = makeDelivery(context, spools, reports, states);
    const parts = { source, pipeline, outbox: spools, delivery, reports, observers, clock, log };
    await runOnce(parts, options.sendTimeout, signal);
  } finally {
    await reports?.close();
    await states.close();
    await source.close();
    await pipeline.close();
  }
}

/** `agent replay`: runs motion detection and event recording on stored frames, with any settings. */
import { systemClock } from '../../shared/clock.js';
import { abortOnSignals, openLog } from '../../shared/cli/command.js';
import { defineCommand } from '../../shared/cli/define-command.js';
import { UsageError } from '../../shared/cli/errors.js';
import { loadMask, makeExplainFolder } from '../detect/pipeline.js';
import { findSequences } from '../replay/frame-files.js';
import { Printer } from '../replay/printer.js';
import { Progress } from '../replay/replay-progress.js';
import { replayProgram } from '../replay/replay-options.js';
import { ReplaySession } from '../replay/replay-session.js';
import { settingsOf } from '../replay/replay-settings.js';

const usage = `agent replay DIR|FILE … [FLAG …]

Runs the agent's motion detection on stored frames and prints what the agent would have sent. The frames of each
camera are analysed separately. Every flag has the same environment variable as the agent's.

`;

/** @throws {UsageError} @throws {OperationalError} */
export const run = defineCommand({
  program: replayProgram,
  usage,
  accepts: 'positionals',
  async run({ options, positionals, env }) {
    if (positionals.length === 0) {
      throw new UsageError('no frames are given', { hint: 'agent replay DIR' });
    }
    if (options.explain !== undefined && options.tune) {
      throw new UsageError('--explain cannot be combined with --tune: it draws one setting');
    }
    const mask = options.mask === undefined ? undefined : await loadMask(options.mask);
    if (options.explain !== undefined) await makeExplainFolder(options.explain);
    const sequences = await findSequences(positionals);
    const printer = new Printer(process.stdout);
    const signal = AbortSignal.any([abortOnSignals(), printer.closed]);
    const total = sequences.reduce((sum, { paths }) => sum + paths.length, 0);
    const session = new ReplaySession(
      { ...settingsOf(options), mask },
      {
        printer,
        // JSON lines and a progress bar on one terminal would be mixed.
        progress: new Progress(total, !(options.json && process.stdout.isTTY)),
        log: openLog('replay', false, env, systemClock),
        isSingleSequence: sequences.length === 1,
      },
    );
    for (const sequence of sequences) {
      if (!signal.aborted) await session.play(sequence, signal);
    }
    await session.end(total);
    await printer.close();
  },
});

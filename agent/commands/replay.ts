/** `agent replay`: runs motion detection and event recording on stored frames, with any settings. */
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../shared/clock.js';
import { abortOnSignals, openLog } from '../../shared/cli/command.js';
import { defineCommand } from '../../shared/cli/define-command.js';
import { UsageError } from '../../shared/cli/errors.js';
import { loadMask, openExplanations } from '../detect/pipeline.js';
import { findSequences } from '../replay/frame-files.js';
import { Printer } from '../replay/printer.js';
import { Progress } from '../replay/replay-progress.js';
import { replayProgram } from '../replay/replay-options.js';
import { ReplaySession } from '../replay/replay-session.js';
import { pageSettingsOf, settingsOf } from '../replay/replay-settings.js';

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
    for (const flag of ['explain', 'html'] as const) {
      if (options[flag] === undefined || !options.tune) continue;
      throw new UsageError(`--${flag} cannot be combined with --tune: it shows one setting`);
    }
    const mask = options.mask === undefined ? undefined : await loadMask(options.mask);
    const settings = settingsOf(options);
    if (settings.explain !== undefined) await openExplanations(settings.explain);
    const page = pageSettingsOf(options, fileURLToPath(new URL('replay-page', import.meta.url)));
    const sequences = await findSequences(positionals);
    const printer = new Printer(process.stdout);
    const signal = AbortSignal.any([abortOnSignals(), printer.closed]);
    const total = sequences.reduce((sum, { paths }) => sum + paths.length, 0);
    if (page !== undefined) await checkPage(page.path, total);
    const session = new ReplaySession(
      { ...settings, mask, page },
      {
        printer,
        // JSON lines and a progress bar on one terminal would be mixed.
        progress: new Progress(total, !(options.json && process.stdout.isTTY)),
        log: openLog('replay', false, env, systemClock),
        frames: total,
        isSingleSequence: sequences.length === 1,
      },
    );
    for (const sequence of sequences) {
      if (!signal.aborted) await session.play(sequence, signal);
    }
    await session.end();
    await printer.close();
  },
});

/** @throws {UsageError} */
async function checkPage(path: string, frames: number): Promise<void> {
  const { checkPagePath, maxPageFrames } = await import('../replay/html/write-page.js');
  if (frames > maxPageFrames) {
    throw new UsageError(`--html: ${frames} frames are too many; a page shows ${maxPageFrames}`, {
      hint: 'give the folders of fewer days',
    });
  }
  await checkPagePath(path);
}

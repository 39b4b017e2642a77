/**
 * One run of `replay`: processes sequence after sequence, prints results to the printer and sums at the end, and
 * logs warnings.
 */
import { stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { OperationalError } from '../../shared/cli/errors.js';
import type { Log } from '../../shared/cli/log.js';
import type { SmallPicture } from '../detect/grid.js';
import { describeMisfit } from '../detect/mask.js';
import type { StoredSequence } from './frame-files.js';
import { frameLine } from './frame-line.js';
import { type FrameTimes, timeFrames, medianGapMs } from './frame-times.js';
import type { Printer } from './printer.js';
import type { Progress } from './replay-progress.js';
import { replay } from './replay.js';
import { eventTable, sums } from './summary.js';
import { Tally } from './tally.js';
import { type Outcome, Trial, type TrialSettings } from './trial.js';
import { Tuning, tuningTable } from './tuning.js';

export interface ReplaySettings extends TrialSettings {
  readonly fps: number | undefined;
  readonly maxFrameBytes: number;
  /** An existing folder for drawings of the changed frames; undefined: no drawings. */
  readonly explainDirectory: string | undefined;
  /** Compare many settings instead of using the current one. */
  readonly tune: boolean;
  readonly json: boolean;
}

export interface ReplayOutput {
  readonly printer: Printer;
  readonly progress: Progress;
  readonly log: Log;
  /** False: the output of a frame names its folder. */
  readonly isSingleSequence: boolean;
}

export class ReplaySession {
  readonly #settings: ReplaySettings;
  readonly #output: ReplayOutput;
  readonly #tuning: Tuning | undefined;
  readonly #startMs = performance.now();
  #analysed = 0;
  #skipped = 0;
  #hasWarnedOfMisfit = false;

  constructor(settings: ReplaySettings, output: ReplayOutput) {
    this.#settings = settings;
    this.#output = output;
    this.#tuning = settings.tune ? new Tuning(settings) : undefined;
  }

  /** Resolves when every frame is reported, or soon after `signal` aborts with the results so far. */
  async play(sequence: StoredSequence, signal: AbortSignal): Promise<void> {
    const { folder, paths } = sequence;
    const times = await this.#timesOf(sequence);
    // As in the watching agent: at a low frame rate, frames of one event are further apart than --event-gap.
    const eventGapMs = Math.max(this.#settings.eventGapMs, 3 * medianGapMs(times.capturedAtMs));
    const trial = new Trial({ ...this.#settings, eventGapMs });
    const tally = new Tally();
    let size: SmallPicture | undefined;
    await replay(
      {
        paths,
        capturedAtMs: times.capturedAtMs,
        maxFrameBytes: this.#settings.maxFrameBytes,
        trials: this.#tuning?.begin(eventGapMs) ?? [trial],
        onDecided: async (decided) => {
          this.#tuning?.note(decided);
          for (const outcome of decided[0] ?? []) {
            tally.note(outcome);
            await this.#report(outcome, folder);
          }
        },
        onAnalysed: async (name, picture, isChanged) => {
          size = picture;
          this.#warnOfMisfit(picture);
          if (isChanged) await this.#explain(name, folder, picture, trial);
        },
      },
      signal,
    );
    this.#tuning?.end();
    if (this.#settings.json || this.#tuning !== undefined) return;
    const isWallTime = times.from === 'names' || times.from === 'files';
    await this.#print([
      ...(this.#output.isSingleSequence ? [] : [`${folder}:`]),
      ...eventTable(tally, isWallTime, size),
      sums(tally),
      ...(this.#output.isSingleSequence ? [] : ['']),
    ]);
  }

  /** Prints the sums. @throws {OperationalError} FRAME: no frame could be decoded */
  async end(total: number): Promise<void> {
    const { printer, progress, log } = this.#output;
    const { json } = this.#settings;
    progress.clear();
    if (printer.closed.aborted) return;
    const analysed = this.#analysed;
    const skipped = this.#skipped;
    if (analysed === 0 && skipped > 0) {
      throw new OperationalError('FRAME', `none of ${skipped} frames could be decoded`);
    }
    if (this.#tuning !== undefined) {
      const { tuned } = this.#tuning;
      await this.#print(json ? tuned.map((row) => JSON.stringify(row)) : tuningTable(tuned));
    }
    const framesPerSecond = Math.round(((analysed + skipped) * 1000) / this.#elapsedMs());
    const remaining = total - analysed - skipped;
    if (json) log.info('replayed', { analysed, skipped, remaining, framesPerSecond });
    else {
      const stopped = remaining > 0 ? `; stopped, ${remaining} remaining` : '';
      await this.#print([`${analysed} frames analysed, ${framesPerSecond} per second${stopped}`]);
    }
  }

  async #timesOf({ folder, paths }: StoredSequence): Promise<FrameTimes> {
    const modified = () => Promise.all(paths.map(async (path) => (await stat(path)).mtimeMs));
    const times = await timeFrames(paths.map(basenameOf), this.#settings.fps, modified);
    if (times.from === 'assumed' && paths.length > 1) {
      this.#warn('no usable capture times: assuming 5 frames per second; set --fps', {
        folder,
      });
    }
    return times;
  }

  async #report(outcome: Outcome, folder: string): Promise<void> {
    const { json } = this.#settings;
    const { isSingleSequence, printer, progress } = this.#output;
    if (outcome.error === undefined) this.#analysed += 1;
    else {
      this.#skipped += 1;
      this.#warn('frame skipped', { frame: outcome.name, reason: outcome.error });
    }
    if (json && this.#tuning === undefined) {
      await printer.print(frameLine(outcome, isSingleSequence ? undefined : folder));
    }
    progress.step();
  }

  /** Draws the cell map of a verdict. @throws {OperationalError} OUTPUT: the drawing cannot be written */
  async #explain(name: string, folder: string, picture: SmallPicture, trial: Trial): Promise<void> {
    const { explainDirectory } = this.#settings;
    const cellMap = trial.lastCellMap;
    if (explainDirectory === undefined || cellMap === undefined) return;
    const prefix = this.#output.isSingleSequence ? '' : `${folder.replaceAll('/', '-')}-`;
    const path = join(explainDirectory, `${prefix}${name.replace(/\.jpe?g$/i, '')}.png`);
    const { drawExplanation } = await import('../detect/explain.js');
    try {
      await writeFile(path, drawExplanation(picture, cellMap));
    } catch (cause) {
      throw new OperationalError('OUTPUT', `cannot write ${path}`, { cause });
    }
  }

  #warnOfMisfit(picture: SmallPicture): void {
    if (this.#settings.mask === undefined || this.#hasWarnedOfMisfit) return;
    this.#hasWarnedOfMisfit = true;
    const misfit = describeMisfit(this.#settings.mask, picture);
    if (misfit !== undefined) this.#warn(misfit, {});
  }

  #warn(event: string, facts: Record<string, unknown>): void {
    this.#output.progress.clear();
    this.#output.log.warn(event, facts);
  }

  async #print(lines: readonly string[]): Promise<void> {
    this.#output.progress.clear();
    for (const line of lines) await this.#output.printer.print(line);
  }

  #elapsedMs(): number {
    return performance.now() - this.#startMs;
  }
}

const basenameOf = (path: string): string => basename(path);

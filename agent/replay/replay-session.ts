/**
 * One run of `replay`: processes sequence after sequence, prints results to the printer and sums at the end, and
 * logs warnings.
 */
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { OperationalError } from '../../shared/cli/errors.js';
import type { Log } from '../../shared/cli/log.js';
import type { ExplanationSettings, Explanations } from '../detect/explanations.js';
import type { SmallPicture } from '../detect/grid.js';
import { describeMisfit } from '../detect/mask.js';
import type { StoredSequence } from './frame-files.js';
import { frameLine } from './frame-line.js';
import type { PageData, PageSequence } from './html/page-data.js';
import { type FrameTimes, timeFrames, medianGapMs } from './frame-times.js';
import type { Printer } from './printer.js';
import type { Progress } from './replay-progress.js';
import { type AnalysedFrame, replay } from './replay.js';
import { eventTable, sums } from './summary.js';
import { Tally } from './tally.js';
import { type Outcome, Trial, type TrialSettings } from './trial.js';
import { Tuning, tuningTable } from './tuning.js';

export interface ReplaySettings extends TrialSettings {
  readonly fps: number | undefined;
  readonly maxFrameBytes: number;
  /** Its directory exists; undefined: no drawings. */
  readonly explain: ExplanationSettings | undefined;
  /** Undefined: no page. */
  readonly page: PageSettings | undefined;
  /** Compare many settings instead of using the current one. */
  readonly tune: boolean;
  readonly json: boolean;
}

/** `--html`. */
export interface PageSettings extends Pick<PageData, 'version' | 'flags' | 'sensitivity'> {
  readonly path: string;
  /** The folder with the page's script and style sheet. */
  readonly assets: string;
}

export interface ReplayOutput {
  readonly printer: Printer;
  readonly progress: Progress;
  readonly log: Log;
  /** Of all sequences. */
  readonly frames: number;
  /** False: the output of a frame names its folder. */
  readonly isSingleSequence: boolean;
}

export class ReplaySession {
  readonly #settings: ReplaySettings;
  readonly #output: ReplayOutput;
  readonly #tuning: Tuning | undefined;
  readonly #pages: PageSequence[] = [];
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
    const explanations = await this.#explanations(eventGapMs);
    const page = await this.#pageOf(sequence);
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
            page?.decided(outcome);
            await this.#report(outcome, folder);
          }
        },
        onAnalysed: async (frame) => {
          size = frame.picture;
          this.#warnOfMisfit(frame.picture);
          page?.analysed(frame, trial.lastCellMap);
          if (explanations) await this.#explain(explanations, frame, folder, trial);
        },
      },
      signal,
    );
    this.#tuning?.end();
    await explanations?.close();
    const isWallTime = times.from === 'names' || times.from === 'files';
    if (page !== undefined) this.#pages.push(page.end(sums(tally), isWallTime));
    if (this.#settings.json || this.#tuning !== undefined) return;
    await this.#print([
      ...(this.#output.isSingleSequence ? [] : [`${folder}:`]),
      ...eventTable(tally, isWallTime, size),
      sums(tally),
      ...(this.#output.isSingleSequence ? [] : ['']),
    ]);
  }

  /**
   * Writes the page, prints the sums.
   * @throws {OperationalError} FRAME: no frame could be decoded. OUTPUT: the page cannot be written
   */
  async end(): Promise<void> {
    const { printer, progress, log, frames } = this.#output;
    const { json, page } = this.#settings;
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
    const remaining = frames - analysed - skipped;
    if (page !== undefined) await this.#writePage(page, remaining > 0);
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

  async #explanations(eventGapMs: number): Promise<Explanations | undefined> {
    const { explain } = this.#settings;
    if (explain === undefined) return undefined;
    const { Explanations } = await import('../detect/explanations.js');
    return new Explanations({ ...explain, eventGapMs });
  }

  /** @throws {OperationalError} OUTPUT: the drawing cannot be written */
  async #explain(
    explanations: Explanations,
    { name, capturedAtMs, picture, detection }: AnalysedFrame,
    folder: string,
    { lastCellMap }: Trial,
  ): Promise<void> {
    const prefix = this.#output.isSingleSequence ? '' : `${folder.replaceAll('/', '-')}-`;
    const stem = `${prefix}${name.replace(/\.jpe?g$/i, '')}`;
    const frame = { stem, capturedAtMs, picture };
    const drawing = explanations.select(frame, detection, lastCellMap);
    if (drawing === undefined) await explanations.endVisit(capturedAtMs);
    else await explanations.draw(drawing);
  }

  /** Each sequence has its share of the pictures. */
  async #pageOf({ folder, paths }: StoredSequence) {
    if (this.#settings.page === undefined) return undefined;
    const { SequencePage } = await import('./html/sequence-page.js');
    const { maxPagePictures } = await import('./html/write-page.js');
    return new SequencePage(folder, (maxPagePictures * paths.length) / this.#output.frames);
  }

  async #writePage({ path, assets, ...settings }: PageSettings, isPartial: boolean): Promise<void> {
    const { writePage } = await import('./html/write-page.js');
    await writePage(path, { ...settings, isPartial, sequences: this.#pages }, assets);
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

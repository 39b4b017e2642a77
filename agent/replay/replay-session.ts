/**
 * One run of `replay`: sequence after sequence, with what is printed of each, and the sums at the end. What was
 * asked for goes to the printer, what else there is to say to the log.
 */
import { stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { OperationalError } from '../../shared/cli/errors.js';
import type { Log } from '../../shared/cli/log.js';
import type { SmallPicture } from '../detect/grid.js';
import { describeMisfit } from '../detect/mask.js';
import type { StoredSequence } from './frame-files.js';
import { frameLine } from './frame-line.js';
import { type FrameTimes, timeFrames, usualGapMs } from './frame-times.js';
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
  /** An existing folder for drawings of the frames that changed; undefined: none are made. */
  readonly explainDirectory: string | undefined;
  /** Many settings side by side instead of the present one. */
  readonly tune: boolean;
  readonly json: boolean;
}

export interface ReplaySurroundings {
  readonly printer: Printer;
  readonly progress: Progress;
  readonly log: Log;
  /** False: what is told of a frame says which folder it lies in. */
  readonly isOne: boolean;
}

export class ReplaySession {
  readonly #settings: ReplaySettings;
  readonly #around: ReplaySurroundings;
  readonly #tuning: Tuning | undefined;
  readonly #startMs = performance.now();
  #lookedAt = 0;
  #passedOver = 0;
  #hasWarnedOfMisfit = false;

  constructor(settings: ReplaySettings, around: ReplaySurroundings) {
    this.#settings = settings;
    this.#around = around;
    this.#tuning = settings.tune ? new Tuning(settings) : undefined;
  }

  /** Resolves when every frame is told, or soon after `signal` aborts with what there is so far. */
  async play(sequence: StoredSequence, signal: AbortSignal): Promise<void> {
    const { folder, paths } = sequence;
    const times = await this.#timesOf(sequence);
    // As for the watching agent: a slow camera's frames are far apart without anything being over.
    const eventGapMs = Math.max(this.#settings.eventGapMs, 3 * usualGapMs(times.capturedAtMs));
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
            await this.#tell(outcome, folder);
          }
        },
        onLooked: async (name, picture, isChanged) => {
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
      ...(this.#around.isOne ? [] : [`${folder}:`]),
      ...eventTable(tally, isWallTime, size),
      sums(tally),
      ...(this.#around.isOne ? [] : ['']),
    ]);
  }

  /** @throws {OperationalError} FRAME: none of the frames could be looked at */
  async end(total: number): Promise<void> {
    const { printer, progress, log } = this.#around;
    const { json } = this.#settings;
    progress.clear();
    if (printer.gone.aborted) return;
    const lookedAt = this.#lookedAt;
    const passedOver = this.#passedOver;
    if (lookedAt === 0 && passedOver > 0) {
      throw new OperationalError('FRAME', `none of ${passedOver} frames could be looked at`);
    }
    if (this.#tuning !== undefined) {
      const { tuned } = this.#tuning;
      await this.#print(json ? tuned.map((each) => JSON.stringify(each)) : tuningTable(tuned));
    }
    const framesPerSecond = Math.round(((lookedAt + passedOver) * 1000) / this.#elapsedMs());
    const leftOut = total - lookedAt - passedOver;
    if (json) log.info('replayed', { lookedAt, passedOver, leftOut, framesPerSecond });
    else {
      const stopped = leftOut > 0 ? `; stopped before the other ${leftOut}` : '';
      await this.#print([`${lookedAt} looked at, ${framesPerSecond} a second${stopped}`]);
    }
  }

  async #timesOf({ folder, paths }: StoredSequence): Promise<FrameTimes> {
    const modified = () => Promise.all(paths.map(async (path) => (await stat(path)).mtimeMs));
    const times = await timeFrames(paths.map(basenameOf), this.#settings.fps, modified);
    if (times.from === 'nothing' && paths.length > 1) {
      this.#warn('nothing tells when the frames were taken: supposing 5 a second; say --fps', {
        folder,
      });
    }
    return times;
  }

  async #tell(outcome: Outcome, folder: string): Promise<void> {
    const { json } = this.#settings;
    const { isOne, printer, progress } = this.#around;
    if (outcome.error === undefined) this.#lookedAt += 1;
    else {
      this.#passedOver += 1;
      this.#warn('passed over a frame', { frame: outcome.name, reason: outcome.error });
    }
    if (json && this.#tuning === undefined) {
      await printer.print(frameLine(outcome, isOne ? undefined : folder));
    }
    progress.step();
  }

  /** Draws how a verdict came about. @throws {OperationalError} OUTPUT: it cannot be written */
  async #explain(name: string, folder: string, picture: SmallPicture, trial: Trial): Promise<void> {
    const { explainDirectory } = this.#settings;
    const judgement = trial.lastCellMap;
    if (explainDirectory === undefined || judgement === undefined) return;
    const which = this.#around.isOne ? '' : `${folder.replaceAll('/', '-')}-`;
    const path = join(explainDirectory, `${which}${name.replace(/\.jpe?g$/i, '')}.png`);
    const { drawExplanation } = await import('../detect/explain.js');
    try {
      await writeFile(path, drawExplanation(picture, judgement));
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
    this.#around.progress.clear();
    this.#around.log.warn(event, facts);
  }

  async #print(lines: readonly string[]): Promise<void> {
    this.#around.progress.clear();
    for (const line of lines) await this.#around.printer.print(line);
  }

  #elapsedMs(): number {
    return performance.now() - this.#startMs;
  }
}

const basenameOf = (path: string): string => basename(path);

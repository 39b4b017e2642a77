/**
 * The drawings of `--explain`: which frames are drawn, and into which files. A file is written whole or not at all, as
 * far as the disk allows: a drawing is no evidence, and is not flushed.
 */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OperationalError } from '../../shared/cli/errors.js';
import type { Detection } from '../events/verdict.js';
import { type DrawnCells, drawExplanation } from './explain.js';
import { factsOf } from './find-facts.js';
import { type FrameFacts, isNearMiss } from './frame-facts.js';
import { describeFacts } from './frame-words.js';
import type { SmallPicture } from './grid.js';
import type { CellMap } from './motion-detector.js';
import { VisitStrip } from './visit-strip.js';

export interface ExplanationSettings {
  /** An existing directory. */
  readonly directory: string;
  /** near: changes and near misses. */
  readonly frames: 'changes' | 'near' | 'all';
  /** strip: one animated PNG for each visit, and a PNG for each drawn frame outside of a visit. */
  readonly form: 'png' | 'strip';
  /** A visit ends when nothing has changed for longer, milliseconds. */
  readonly eventGapMs: number;
}

/** A frame that is drawn. */
export interface Drawing {
  /** Of the file, and the title. */
  readonly stem: string;
  readonly capturedAtMs: number;
  readonly picture: SmallPicture;
  readonly cells: DrawnCells;
  readonly facts: FrameFacts;
}

export class Explanations {
  readonly #settings: ExplanationSettings;
  #strip: VisitStrip | undefined;
  #stripSize = '';
  #lastChangeAtMs = 0;

  constructor(settings: ExplanationSettings) {
    this.#settings = settings;
  }

  /**
   * To be called directly after `detect`, which may use the cell map anew.
   * @returns what is to be drawn of the frame; undefined: it is not drawn
   */
  select(
    frame: Pick<Drawing, 'stem' | 'capturedAtMs' | 'picture'>,
    detection: Detection,
    cellMap: CellMap | undefined,
  ): Drawing | undefined {
    const facts = factsOf(detection, cellMap);
    const { frames } = this.#settings;
    const isDrawn =
      frames === 'all' ? true : isChange(facts) || (frames === 'near' && isNearMiss(facts));
    return isDrawn
      ? { ...frame, facts, cells: drawnCells(frame.picture, cellMap, facts) }
      : undefined;
  }

  /** Draws a frame, after those before it. @throws {OperationalError} OUTPUT: a file cannot be written */
  async draw(drawing: Drawing): Promise<void> {
    const { stem, capturedAtMs, picture, cells, facts } = drawing;
    const png = drawExplanation(picture, cells, [stem, describeFacts(facts)]);
    if (this.#settings.form === 'png') {
      await this.#write(stem, png);
      return;
    }
    await this.endVisit(capturedAtMs);
    const size = `${picture.columns}x${picture.rows}`;
    if (size !== this.#stripSize) await this.close();
    if (isChange(facts)) {
      this.#strip ??= new VisitStrip(stem);
      this.#stripSize = size;
      this.#lastChangeAtMs = capturedAtMs;
    }
    if (this.#strip === undefined) await this.#write(stem, png);
    else this.#strip.add(png);
  }

  /** Writes the strip of a visit that has ended at this time; to be called for each frame, drawn or not. */
  async endVisit(nowMs: number): Promise<void> {
    // A clock that was set back ends it too.
    const quietMs = Math.abs(nowMs - this.#lastChangeAtMs);
    if (this.#strip !== undefined && quietMs > this.#settings.eventGapMs) await this.close();
  }

  /** Writes the strip of the visit that goes on. @throws {OperationalError} OUTPUT */
  async close(): Promise<void> {
    const strip = this.#strip;
    this.#strip = undefined;
    if (strip !== undefined) await this.#write(`${strip.stem}-visit`, strip.encode());
  }

  async #write(stem: string, png: Buffer): Promise<void> {
    const path = join(this.#settings.directory, `${stem}.png`);
    try {
      await writeFile(path, png);
    } catch (cause) {
      // Half a picture on a full disk is of no use, and takes space.
      await rm(path, { force: true }).catch(() => undefined);
      throw new OperationalError('OUTPUT', `cannot write ${path}`, { cause });
    }
  }
}

function isChange({ rule }: FrameFacts): boolean {
  return rule === 'change' || rule === 'scene' || rule === 'turned';
}

/** Of a first frame nothing is marked; boxes are those of the verdict. */
export function drawnCells(
  { luma }: SmallPicture,
  cellMap: CellMap | undefined,
  facts: FrameFacts,
): DrawnCells {
  if (cellMap === undefined) {
    return {
      labels: new Uint8Array(luma.length),
      roi: new Uint8Array(luma.length).fill(1),
      boxes: [],
    };
  }
  const { labels, roi, evidence } = cellMap;
  const boxes = isChange(facts) ? cellMap.boxes : [];
  return { labels: labels.slice(), roi, boxes, lit: evidence.lit };
}

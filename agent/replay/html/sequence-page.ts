/**
 * Collects what the page shows of one sequence, while it is replayed. All frames have figures; pictures are limited:
 * a quarter for the first frames of events and new scenes, a half for other changes, near misses and frames that are
 * sent, a quarter for quiet frames; of too many, each second, fourth … is left. Pure.
 */
import { factsOf } from '../../detect/find-facts.js';
import { type FrameFacts, isNearMiss } from '../../detect/frame-facts.js';
import type { SmallPicture } from '../../detect/grid.js';
import type { CellMap } from '../../detect/motion-detector.js';
import type { AnalysedFrame } from '../replay.js';
import type { Outcome } from '../trial.js';
import type { FrameColumns, PagePicture, PageSequence } from './page-data.js';
import { GridPages } from './grid-pages.js';
import { runsOf } from './runs.js';
import { smallJpeg } from './small-jpeg.js';
import { Thinned } from './thinned.js';

/** Of cells that are the same under another light; the others are those of the detector. */
const litLabel = 3;

/** A frame until it is decided: it may be sent with a later change. */
interface Pending {
  readonly facts: FrameFacts;
  readonly grid: number;
  readonly jpeg: Buffer;
  readonly picture: SmallPicture;
  readonly cells: number[];
}

type Mutable<T> = {
  -readonly [Key in keyof T]: T[Key] extends readonly (infer E)[] ? E[] : T[Key];
};

export class SequencePage {
  readonly #folder: string;
  readonly #grids = new GridPages();
  readonly #pending: Pending[] = [];
  readonly #columns: Mutable<FrameColumns> & { error: Record<number, string> } = {
    ...{ name: [], capturedAtMs: [], rule: [], reason: [], event: [], grid: [], strength: [] },
    ...{
      area: [],
      neededArea: [],
      isTracked: [],
      foreground: [],
      lit: [],
      nearness: [],
      isGusty: [],
      boxes: [],
    },
    error: {},
  };
  /** By their ids; the frames with a change. */
  readonly #events = new Map<string, { readonly number: number; readonly changes: number[] }>();
  readonly #firsts: Thinned<PagePicture>;
  readonly #others: Thinned<PagePicture>;
  readonly #quiet: Thinned<PagePicture>;

  /** @param maxPictures about as many pictures at most */
  constructor(folder: string, maxPictures: number) {
    this.#folder = folder;
    this.#firsts = new Thinned(maxPictures / 4);
    this.#others = new Thinned(maxPictures / 2);
    this.#quiet = new Thinned(maxPictures / 4);
  }

  /** To be called directly after the detection. */
  analysed({ jpeg, picture, detection }: AnalysedFrame, cellMap: CellMap | undefined): void {
    const facts = factsOf(detection, cellMap);
    const grid = this.#grids.numberOf(picture, cellMap);
    if (facts.rule === 'change') this.#grids.countChanges(grid, cellMap);
    this.#pending.push({ facts, grid, jpeg, picture, cells: cellRuns(cellMap) });
  }

  /** To be called for each frame in the order of capture, those with an error too. */
  decided({ name, capturedAtMs, verdict, error }: Outcome): void {
    const index = this.#columns.name.length;
    const pending = error === undefined ? this.#pending.shift() : undefined;
    const { facts } = pending ?? { facts: undefined };
    const { event, isNew } = this.#eventOf(verdict?.event, verdict?.changed === true, index);
    const columns = this.#columns;
    columns.name.push(name);
    columns.capturedAtMs.push(Math.round(capturedAtMs));
    columns.rule.push(facts?.rule ?? 'skipped');
    columns.reason.push(verdict?.reason ?? '');
    columns.event.push(event);
    columns.grid.push(pending?.grid ?? 0);
    columns.strength.push(round(facts?.strength));
    columns.area.push(round(facts?.area));
    columns.neededArea.push(round(facts?.neededArea));
    columns.isTracked.push(facts?.isTracked === true ? 1 : 0);
    columns.foreground.push(round(facts?.foreground));
    columns.lit.push(round(facts?.lit));
    columns.nearness.push(round(facts?.nearness));
    columns.isGusty.push(facts?.isGusty === true ? 1 : 0);
    columns.boxes.push([...(verdict?.boxes ?? [])]);
    if (error !== undefined) columns.error[index] = error;
    if (pending !== undefined)
      this.#keepPicture(index, pending, verdict?.reason !== undefined, isNew);
  }

  /** @param sums one sentence @param isWallTime false: times are counted from the first frame */
  end(sums: string, isWallTime: boolean): PageSequence {
    const pictures = [this.#firsts, this.#others, this.#quiet].flatMap(({ entries }) => entries);
    return {
      folder: this.#folder,
      ...{ sums, isWallTime },
      grids: this.#grids.all(),
      frames: this.#columns,
      events: [...this.#events.values()].map(
        ({ changes }) => [changes[0] ?? 0, changes.at(-1) ?? 0] as const,
      ),
      pictures: pictures.sort((a, b) => a.frame - b.frame),
      quietStep: this.#quiet.step,
    };
  }

  #keepPicture(frame: number, pending: Pending, isSent: boolean, isFirst: boolean): void {
    const { facts, jpeg, picture, cells } = pending;
    const isOfNote = isSent || facts.rule === 'change' || isNearMiss(facts);
    const isScene = ['first', 'scene', 'turned'].includes(facts.rule);
    const list = isFirst || isScene ? this.#firsts : isOfNote ? this.#others : this.#quiet;
    list.offer(() => ({ frame, jpeg: smallJpeg(jpeg, picture).toString('base64'), cells }));
  }

  /** The number of an event, -1: none; whether the frame is its first change. */
  #eventOf(id: string | undefined, isChanged: boolean, frame: number) {
    if (id === undefined) return { event: -1, isNew: false };
    const known = this.#events.get(id) ?? { number: this.#events.size, changes: [] };
    this.#events.set(id, known);
    if (isChanged) known.changes.push(frame);
    return { event: known.number, isNew: isChanged && known.changes.length === 1 };
  }
}

function cellRuns(cellMap: CellMap | undefined): number[] {
  if (cellMap === undefined) return [];
  const labels = cellMap.labels.slice();
  for (const cell of cellMap.evidence.lit) if (labels[cell] === 0) labels[cell] = litLabel;
  return runsOf(labels);
}

/** Four digits: as much as a page shows. */
function round(number = 0): number {
  return Number(number.toPrecision(4));
}

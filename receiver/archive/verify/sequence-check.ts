/**
 * Which numbers of a camera's epochs are missing, and what explains a missing one: an entry or a gap has it, a note
 * says that it is gone, a file without a line or a recovered line may be it, or it may still arrive: the camera is
 * sending, or its newest report says that entries wait there. Each number of an epoch, from 1 to the newest, was given to
 * an entry; the first report of the next epoch states the last one. Pure.
 */
import { getOrInsertComputed } from '../../../shared/get-or-insert.js';
import type { StoreNote } from '../../store/store-note.js';
import type { RecordEntry } from '../record-entry.js';
import { TimedRanges } from './timed-ranges.js';
import { WaitingEntries } from './waiting-entries.js';

/** Frames that an agent has in flight at most: so far behind the newest one a frame may still arrive. */
export const maxBehind = 256;
/** A camera's clock may be set between two entries. */
const slackMs = 2000;

export interface Hole {
  readonly epoch: string;
  /** Both included. */
  readonly first: number;
  readonly last: number;
  readonly kind: 'missing-entries' | 'begins-late' | 'may-arrive';
  /** Of these numbers, as many as wait at the camera by its newest report. */
  readonly waiting?: number | undefined;
}

class Epoch {
  readonly known = new TimedRanges();
  readonly waiting = new WaitingEntries();
  firstMs = Infinity;
  newestArrivalMs = -Infinity;
  /** Frames in gaps of 0.1, which do not name their numbers. */
  unnamed = 0;
  /** As the epoch after it states. */
  statedLast = 0;
  statedBy: Epoch | undefined;
  hasEntries = false;
}

export interface SequenceWish {
  /** Later entries of the newest epoch may still arrive; undefined: the camera does not send now. */
  readonly arrivingSinceMs: number | undefined;
  /** Only a part of what the camera sent is here: nothing is missing before or after it. */
  readonly isPart: boolean;
  /** Holes that end earlier are left out. */
  readonly sinceMs?: number | undefined;
}

export class SequenceCheck {
  readonly #epochs = new Map<string, Epoch>();
  /** Times of frames whose number is not known. */
  readonly #unnumbered: number[] = [];
  readonly #gapsOf01 = new Set<string>();

  addEntry(entry: RecordEntry): void {
    const { epoch: id, sequence } = entry;
    if (id === undefined || sequence === undefined) return;
    const epoch = this.#of(id);
    const atMs = entry.kind === 'frame' ? entry.capturedAtMs : entry.toMs;
    epoch.hasEntries = true;
    epoch.firstMs = Math.min(epoch.firstMs, atMs);
    epoch.newestArrivalMs = Math.max(epoch.newestArrivalMs, entry.receivedAtMs ?? -Infinity);
    epoch.known.add(sequence, sequence, atMs);
    epoch.waiting.add(entry);
    if (entry.kind === 'gap') {
      for (const [first, last] of entry.sequences ?? []) epoch.known.add(first, last, atMs);
      const key = `${id} ${sequence} ${entry.fromMs} ${entry.count}`;
      if (entry.sequences === undefined && !this.#gapsOf01.has(key)) {
        this.#gapsOf01.add(key);
        epoch.unnamed += entry.count;
      }
    }
    if (entry.kind !== 'report' || entry.before === undefined) return;
    const before = this.#of(entry.before.epoch);
    before.statedLast = Math.max(before.statedLast, entry.before.sequence);
    before.statedBy = epoch;
  }

  addNote(note: StoreNote): void {
    if (note.kind === 'late') {
      this.#of(note.epoch).known.add(note.sequence, note.sequence, note.capturedAtMs);
    }
    if (note.kind !== 'summary') return;
    for (const { epoch: id, ranges } of note.entries) {
      const epoch = this.#of(id);
      epoch.hasEntries = true;
      epoch.firstMs = Math.min(epoch.firstMs, note.fromMs);
      for (const [first, last] of ranges) epoch.known.add(first, last, note.toMs);
    }
  }

  /** Numbers of entries that are stored elsewhere. */
  addElsewhere(id: string, ranges: readonly (readonly [first: number, last: number])[]): void {
    const { known, firstMs } = this.#of(id);
    for (const [first, last] of ranges) known.add(first, last, firstMs);
  }

  /** A frame whose line was lost: it has a number that no line states. */
  addUnnumbered(capturedAtMs: number): void {
    this.#unnumbered.push(capturedAtMs);
  }

  holes({ arrivingSinceMs, isPart, sinceMs = -Infinity }: SequenceWish): Hole[] {
    const unnumbered = this.#unnumbered.toSorted((a, b) => a - b);
    const holes: Hole[] = [];
    const starts = [...this.#epochs.values()].map(({ firstMs }) => firstMs);
    const oldestMs = starts.reduce((least, each) => Math.min(least, each), Infinity);
    const newestArrivalMs = [...this.#epochs.values()].reduce(
      (most, each) => Math.max(most, each.newestArrivalMs),
      -Infinity,
    );
    for (const [id, epoch] of this.#epochs) {
      const isOldest = (epoch.hasEntries ? epoch : (epoch.statedBy ?? epoch)).firstMs <= oldestMs;
      const ofEpoch = holesOf(id, epoch, { isOldest, isPart });
      const newest = epoch.known.ranges().at(-1)?.last ?? 0;
      const isArriving =
        arrivingSinceMs !== undefined &&
        epoch.newestArrivalMs === newestArrivalMs &&
        newestArrivalMs >= arrivingSinceMs;
      let unnamed = epoch.unnamed;
      const unexplained: TimedHole[] = [];
      for (const hole of ofEpoch) {
        const { fromMs, toMs } = hole;
        const count = countOf(hole);
        if (toMs < sinceMs) continue;
        if (hole.kind === 'begins-late') unexplained.push(hole);
        else if (count <= unnamed) unnamed -= count;
        else if (takeBetween(unnumbered, fromMs, toMs, count)) continue;
        else if (isArriving && hole.first > newest - maxBehind && hole.last < newest) {
          unexplained.push({ ...hole, kind: 'may-arrive' });
        } else unexplained.push(hole);
      }
      // An epoch is that of a spool: when the camera has another one, nothing of this one waits.
      const isReplaced = epoch.statedBy !== undefined;
      holes.push(...(isReplaced ? unexplained : withWaiting(unexplained, epoch.waiting)));
    }
    return holes;
  }

  #of(id: string): Epoch {
    return getOrInsertComputed(this.#epochs, id, () => new Epoch());
  }
}

/** Takes so many times of a stretch, if there are: each explains a number. @param times sorted */
function takeBetween(times: number[], fromMs: number, toMs: number, count: number): boolean {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((times[middle] ?? 0) < fromMs - slackMs) low = middle + 1;
    else high = middle;
  }
  const last = times[low + count - 1];
  if (last === undefined || last > toMs + slackMs) return false;
  times.splice(low, count);
  return true;
}

/** Waiting entries are more likely among the newest numbers. */
function withWaiting(holes: readonly TimedHole[], entries: WaitingEntries): Hole[] {
  let left = entries.count;
  const found = holes.toReversed().map((hole): Hole => {
    if (hole.kind !== 'missing-entries' || left === 0 || !entries.mayHave(hole)) return hole;
    const count = countOf(hole);
    const waiting = Math.min(left, count);
    left -= waiting;
    return { ...hole, kind: waiting === count ? 'may-arrive' : 'missing-entries', waiting };
  });
  return found.reverse();
}

const countOf = ({ first, last }: Hole): number => last - first + 1;

interface TimedHole extends Hole {
  readonly fromMs: number;
  readonly toMs: number;
}

function holesOf(
  id: string,
  epoch: Epoch,
  { isOldest, isPart }: { readonly isOldest: boolean; readonly isPart: boolean },
): TimedHole[] {
  const ranges = epoch.known.ranges();
  const holes: TimedHole[] = [];
  const hole = (first: number, last: number, fromMs: number, toMs: number): void => {
    const [from, to] = fromMs <= toMs ? [fromMs, toMs] : [toMs, fromMs];
    holes.push({ epoch: id, kind: 'missing-entries', first, last, fromMs: from, toMs: to });
  };
  const [first, last] = [ranges[0], ranges.at(-1)];
  if (first === undefined || last === undefined) {
    // Only the report of the next epoch states it.
    const all = { first: 1, last: epoch.statedLast, fromMs: -Infinity, toMs: Infinity };
    const kind = isOldest ? 'begins-late' : 'missing-entries';
    return epoch.statedLast > 0 && !isPart ? [{ epoch: id, kind, ...all }] : [];
  }
  if (!isPart && first.first > 1) {
    if (isOldest) {
      const missing = { first: 1, last: first.first - 1, fromMs: -Infinity, toMs: first.firstMs };
      holes.push({ epoch: id, kind: 'begins-late', ...missing });
    } else hole(1, first.first - 1, -Infinity, first.firstMs);
  }
  for (const [at, range] of ranges.entries()) {
    const next = ranges[at + 1];
    if (next !== undefined) hole(range.last + 1, next.first - 1, range.lastMs, next.firstMs);
  }
  if (!isPart && epoch.statedLast > last.last) {
    hole(last.last + 1, epoch.statedLast, last.lastMs, Infinity);
  }
  return holes;
}

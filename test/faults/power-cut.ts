/**
 * Every power cut that could have happened while a program ran under strace: at each moment the trees that a
 * crash may leave are compared with what had been promised by then.
 */
import { createHash } from 'node:crypto';
import { CrashDisk, type Tree } from './crash-disk.js';
import { Overheard } from './wire-tap.js';
import { jpegIn } from './spool-entry.js';
import type { Operation } from './strace-log.js';

export type Side = 'agent' | 'receiver';

export interface Walk {
  /** Moments looked at, and trees that a crash at one of them may leave. */
  readonly moments: number;
  readonly trees: number;
  /** Frames that the agent declared, or that the receiver acknowledged. */
  readonly promised: number;
  /** A sentence for each way in which a promise is broken, told once. */
  readonly violations: readonly string[];
}

/**
 * @param rootPath the folder that the program began with, empty
 * @param frames SHA-256 of every frame that there is
 * @param onTree is given each tree that keeps the promises, with the SHA-256 of what was promised then
 */
export function walkPowerCuts(
  side: Side,
  operations: readonly Operation[],
  rootPath: string,
  frames: ReadonlySet<string>,
  onTree: (tree: Tree, promised: ReadonlySet<string>) => void = () => undefined,
): Walk {
  const disk = new CrashDisk(rootPath, side === 'receiver');
  const words = new Words(side);
  const violations = new Set<string>();
  let [moments, trees] = [0, 0];
  for (const operation of operations) {
    const isChange = disk.apply(operation);
    const isNews = words.hear(operation);
    if (!isChange && !isNews) continue;
    moments += 1;
    for (const tree of disk.crashes()) {
      trees += 1;
      const broken = [
        ...findBroken(side, tree, words.promised, frames),
        ...findReuse(tree, words.lastSent),
      ];
      for (const what of broken) violations.add(what);
      if (broken.length === 0) onTree(tree, words.promised);
    }
  }
  return { moments, trees, promised: words.promisedCount, violations: [...violations] };
}

/** What was promised so far, from what the program said and heard. */
class Words {
  /**
   * What was declared after a flush had failed: it may wait in memory, which is no promise. It is one when the
   * next is declared and no flush has failed meanwhile: the agent has then put on the disk what waited.
   */
  readonly #inMemory: string[] = [];
  #hasFlushFailed = false;
  /** Sent while some waited in memory. */
  #lastFromMemory = 0;
  /** SHA-256 of what must be on the disk. */
  readonly promised = new Set<string>();
  promisedCount = 0;
  /** The newest sequence that an agent has sent. */
  lastSent = 0;
  readonly #side: Side;
  readonly #connections = new Map<string, Overheard>();
  /** What an agent need not keep any more. */
  readonly #acknowledged = new Set<string>();
  #line = '';

  constructor(side: Side) {
    this.#side = side;
  }

  /** @returns true when a promise was made or was kept for good */
  hear(operation: Operation): boolean {
    if (operation.kind === 'failed-flush') this.#hasFlushFailed = true;
    if (operation.kind !== 'said' && operation.kind !== 'heard') return false;
    if (operation.on === 'stdout') return this.#print(operation.bytes);
    const overheard = this.#connections.get(operation.on) ?? new Overheard();
    this.#connections.set(operation.on, overheard);
    if ((operation.kind === 'said') === (this.#side === 'agent')) {
      const newest = Math.max(this.lastSent, overheard.up(operation.bytes));
      if (this.#hasFlushFailed || this.#inMemory.length > 0) {
        this.#lastFromMemory = Math.max(this.#lastFromMemory, newest);
        return false;
      }
      const isNews = this.#side === 'agent' && newest > this.lastSent;
      if (isNews) this.lastSent = newest;
      return isNews;
    }
    const knownNotes = overheard.acknowledgedNotes.size;
    const acknowledged = overheard.down(operation.bytes);
    if (this.#side === 'receiver' && overheard.acknowledgedNotes.size > knownNotes) {
      for (const sequence of overheard.acknowledgedNotes) this.promised.add(noteName(sequence));
      return true;
    }
    for (const { sha256 } of acknowledged) {
      if (this.#side === 'receiver') this.#promise(sha256);
      else {
        this.#acknowledged.add(sha256);
        this.promised.delete(sha256);
      }
    }
    return acknowledged.length > 0;
  }

  #print(bytes: Buffer): boolean {
    if (this.#side !== 'agent') return false;
    const lines = `${this.#line}${bytes.toString()}`.split('\n');
    this.#line = lines.pop() ?? '';
    const declared = lines.flatMap((line) => /"sha256":"([0-9a-f]{64})"/.exec(line)?.[1] ?? []);
    for (const sha256 of declared) this.#declare(sha256);
    return declared.length > 0;
  }

  #declare(sha256: string): void {
    this.#inMemory.push(sha256);
    if (!this.#hasFlushFailed) {
      for (const waiting of this.#inMemory.splice(0)) {
        if (!this.#acknowledged.has(waiting)) this.#promise(waiting);
      }
      this.lastSent = Math.max(this.lastSent, this.#lastFromMemory);
    }
    this.#hasFlushFailed = false;
  }

  #promise(sha256: string): void {
    this.promised.add(sha256);
    this.promisedCount += 1;
  }
}

function findBroken(
  side: Side,
  tree: Tree,
  promised: ReadonlySet<string>,
  frames: ReadonlySet<string>,
): string[] {
  const broken: string[] = [];
  const found = new Set<string>();
  for (const [path, bytes] of tree) {
    if (/^[^/]+\/[^/]+\/record\.jsonl$/.test(path)) {
      for (const sequence of notesIn(bytes)) found.add(noteName(sequence));
    }
    if (!isFinal[side].test(path)) continue;
    const sha256 = sha256Of(side === 'agent' ? jpegIn(bytes) : bytes);
    found.add(sha256);
    if (!frames.has(sha256)) broken.push(`${path} is no whole frame`);
  }
  for (const sha256 of promised) {
    if (!found.has(sha256)) broken.push(`${sha256} was promised and is not there`);
  }
  return broken;
}

/**
 * A sequence that was sent names a frame for ever: the names that a restart finds must lead beyond it, or there
 * must be no epoch, so that a new life begins.
 */
function findReuse(tree: Tree, lastSent: number): string[] {
  const names = [...tree.keys()].filter((path) => path.startsWith('spool/'));
  if (lastSent === 0 || !names.some((path) => path.endsWith('/epoch'))) return [];
  const numbers = names.map((path) =>
    Number(/\/(\d+)\.(?:jpg|dropped|sent)$/.exec(path)?.[1] ?? 0),
  );
  const newest = Math.max(0, ...numbers);
  return newest >= lastSent
    ? []
    : [`sequence ${lastSent} was sent, and after a restart ${newest + 1} comes next`];
}

/** What stands for a note of dropped frames among the SHA-256 of frames. */
const noteName = (sequence: number): string => `note ${sequence}`;

/** Sequences of the notes of dropped frames in a record. */
function notesIn(record: Buffer): number[] {
  return record
    .toString('utf8')
    .split('\n')
    .filter((line) => line.includes('"count":'))
    .flatMap((line) => {
      const sequence = /"sequence":(\d+)/.exec(line)?.[1];
      return sequence !== undefined && line.endsWith('}') ? [Number(sequence)] : [];
    });
}

/** Names that nothing unfinished may have. */
const isFinal: Readonly<Record<Side, RegExp>> = {
  agent: /^spool\/[^/]+\/(rejected\/)?\d+\.jpg$/,
  receiver: /^[^/.]+\/[^/.]+\/[^/.]+\.jpg$/,
};

/** A file is the same buffer in most trees. */
const known = new WeakMap<Buffer, string>();
export function sha256Of(bytes: Buffer): string {
  const sha256 = known.get(bytes) ?? createHash('sha256').update(bytes).digest('hex');
  known.set(bytes, sha256);
  return sha256;
}

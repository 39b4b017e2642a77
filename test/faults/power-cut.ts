/**
 * Every possible power cut during a run under strace: at each moment the trees that a crash may leave are compared
 * with the promises made until then.
 */
import { createHash } from 'node:crypto';
import { CrashDisk, type Tree } from './crash-disk.js';
import { Overheard } from './wire-tap.js';
import { jpegIn } from './spool-entry.js';
import type { Operation } from './strace-log.js';

export type Side = 'agent' | 'receiver';

export interface Walk {
  /** Checked moments, and trees that a crash at one of them may leave. */
  readonly moments: number;
  readonly trees: number;
  /** Frames that the agent declared, or that the receiver acknowledged. */
  readonly promised: number;
  /** A sentence for each kind of broken promise, once. */
  readonly violations: readonly string[];
}

/**
 * @param rootPath the folder of the program, empty at its start
 * @param frames SHA-256 of every frame of the run
 * @param onTree called with each tree that keeps the promises, and the SHA-256 of the frames promised then
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

/** The promises so far, from the data that the program sent and received. */
class Words {
  /**
   * Frames declared after a failed flush may wait in memory and are not promised yet. They are when the next frame
   * is declared without a failed flush in between: the agent has then written the waiting ones.
   */
  readonly #inMemory: string[] = [];
  #hasFlushFailed = false;
  /** Frames sent while others waited in memory. */
  #lastFromMemory = 0;
  /** SHA-256 of what must be on the disk. */
  readonly promised = new Set<string>();
  promisedCount = 0;
  /** The newest sequence that an agent has sent. */
  lastSent = 0;
  readonly #side: Side;
  readonly #connections = new Map<string, Overheard>();
  /** Frames that the agent may delete. */
  readonly #acknowledged = new Set<string>();
  #line = '';

  constructor(side: Side) {
    this.#side = side;
  }

  /** @returns true when a promise was made or fulfilled */
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
 * A sent sequence identifies a frame permanently: after a restart the agent must find a newer sequence, or no epoch,
 * so that it starts a new one.
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

/** Key for a gap among the SHA-256 of frames. */
const noteName = (sequence: number): string => `note ${sequence}`;

/** Sequences of the gaps in a record. */
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

/** Final names: no unfinished file may have one. */
const isFinal: Readonly<Record<Side, RegExp>> = {
  agent: /^spool\/[^/]+\/(rejected\/)?\d+\.jpg$/,
  receiver: /^[^/.]+\/[^/.]+\/[^/.]+\.jpg$/,
};

/** Cached: a file is the same buffer in most trees. */
const known = new WeakMap<Buffer, string>();
export function sha256Of(bytes: Buffer): string {
  const sha256 = known.get(bytes) ?? createHash('sha256').update(bytes).digest('hex');
  known.set(bytes, sha256);
  return sha256;
}

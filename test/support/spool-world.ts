/**
 * A spool on a failing disk, a camera that fills it and a receiver that empties it, with the records of all three:
 * each sequence is at the receiver, waiting, set aside or counted in a gap entry, and in exactly one of these.
 */
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  truncateSync,
  unlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { type Entry, decodeEntry, sha256Of } from '../../agent/spool/entry.js';
import { DiskStore } from '../../agent/spool/disk-store.js';
import type { QueueSettings } from '../../agent/spool/queue-settings.js';
import { QueueSpool } from '../../agent/spool/queue-spool.js';
import type { DroppedHeader } from '../../shared/protocol/messages.js';
import { FakeClock } from './fake-clock.js';
import type { DiskState, Faults } from './faulty-files.js';
import { reportEntry } from './entries.js';
import { noReport, spoolSettings } from './spool-settings.js';
import { memoryBase } from './temporary.js';

export type Limits = Pick<QueueSettings, 'maxBytes' | 'maxAgeMs' | 'dropsFirst' | 'sendsFirst'>;
export type Answer = 'stored' | 'lost answer' | 'refused' | 'not sent';

/** The content of one sequence at the receiver or in a folder. */
type Seen = { readonly id: string } | { readonly note: DroppedHeader };

export class SpoolWorld {
  readonly clock = new FakeClock();
  readonly #faults: Faults;
  readonly #limits: Limits;
  readonly #root = mkdtempSync(join(memoryBase, 'picchanged-spool-'));
  readonly #folder = join(this.#root, 'laptop_4444');
  #spool: QueueSpool | undefined;
  #number = 0;
  /** SHA-256 of each frame, and number of each report, whose `add` has resolved. */
  readonly #declared: string[] = [];
  /** The receiver's content, by sequence. */
  readonly #received = new Map<number, Seen>();
  /** Sequences whose answer was lost: the spool does not know that they arrived. */
  readonly #unanswered = new Set<number>();
  readonly #reused: number[] = [];
  /** Files that the test removed: after a restart the spool cannot know that they existed. */
  #taken = 0;
  /** Number of sequences that a kill during an addition may leave unused. */
  #holes = 0;
  /** 1: the sequence of a report that could not be written waits for the next report. */
  #unwritten = 0;
  /** A process was killed while entries were in memory only. */
  #hasLost = false;
  /** Reports whose sequence a version of 0.1 would assign again. */
  readonly #unmarked: string[] = [];
  #killed: () => void = () => undefined;

  constructor(faults: Faults, limits: Limits) {
    this.#faults = faults;
    this.#limits = limits;
    faults.reset();
  }

  async open(): Promise<void> {
    const { store, life } = await DiskStore.open(this.#folder, noReport);
    this.#spool = new QueueSpool(store, life, {
      ...spoolSettings,
      ...this.#limits,
      clock: this.clock,
    });
    this.#spool.reports.release();
  }

  remove(): void {
    rmSync(this.#root, { recursive: true, force: true });
  }

  async add(bytes: number): Promise<void> {
    const number = (this.#number += 1);
    const body = Buffer.alloc(bytes, `frame ${number} `);
    const sha256 = sha256Of(body);
    const capturedAtMs = this.clock.nowMs();
    const entry: Entry = {
      header: {
        type: 'frame',
        capturedAtMs,
        utcOffsetMinutes: 0,
        sha256,
        verdict: { reason: 'all', ratio: 0, boxes: [] },
      },
      body,
    };
    const isAdded = await this.#survives(() =>
      this.#now.add({ entry, path: undefined }, this.clock.nowMs()),
    );
    if (isAdded) this.#declared.push(sha256);
    else this.#holes += 2; // the frame, and a note about it or others
    await this.clock.advance(1000);
  }

  /** Adds a report. */
  async report(): Promise<void> {
    const number = (this.#number += 1);
    const { reports } = this.#now;
    const isAlive = await this.#survives(async () => {
      const isStored = await reports.add(reportEntry(number).header);
      if (isStored) this.#declared.push(`report ${number}`);
      this.#unwritten = isStored ? 0 : 1;
    });
    reports.release();
    if (!isAlive) this.#holes += 1;
  }

  /** Sends the next entries concurrently; each gets the given answer. */
  async send(answers: readonly Answer[]): Promise<void> {
    const spool = this.#now;
    const busy = new Set<number>();
    for (const answer of answers) {
      const next = spool.next(({ sequence }) => busy.has(sequence));
      if (next === undefined) break;
      busy.add(next.sequence);
      if (!(await this.#survives(() => this.#sendOne(spool, next.sequence, answer)))) return;
    }
    spool.release();
  }

  async #sendOne(spool: QueueSpool, sequence: number, answer: Answer): Promise<void> {
    const entry = await spool.load(sequence);
    if (entry === undefined) return;
    if (answer === 'not sent') {
      spool.unload(sequence);
      return;
    }
    if (answer === 'refused' && entry.header.type === 'frame') {
      await spool.reject(sequence, 'no');
      return;
    }
    this.#receive(sequence, entry);
    if (answer !== 'stored') return;
    await spool.acknowledge(sequence);
    // An entry whose file could not be removed may wait again after a kill.
    if (spool.isSettled) this.#unanswered.delete(sequence);
  }

  #receive(sequence: number, entry: Entry): void {
    const seen = contentOf(entry);
    const before = this.#received.get(sequence);
    if (before !== undefined && JSON.stringify(before) !== JSON.stringify(seen)) {
      this.#reused.push(sequence);
    }
    this.#received.set(sequence, seen);
    this.#unanswered.add(sequence);
  }

  disk(state: DiskState): void {
    this.#faults.state = state;
  }

  failOnce(afterCalls: number, code: string): void {
    this.#faults.failOnce(afterCalls, code);
  }

  /** Moves the folder away, or back. */
  moveAway(): void {
    if (existsSync(this.#folder)) renameSync(this.#folder, this.#away);
  }

  moveBack(): void {
    if (existsSync(this.#away)) renameSync(this.#away, this.#folder);
  }

  get #away(): string {
    return `${this.#folder}.away`;
  }

  /** Truncates or removes the file of a waiting frame. */
  damage(nth: number, isRemoved: boolean): void {
    if (!existsSync(this.#folder)) return;
    const names = readdirSync(this.#folder).filter((name) => name.endsWith('.jpg'));
    const name = names[nth % names.length];
    if (name === undefined) return;
    if (isRemoved) {
      this.#taken += 1;
      unlinkSync(join(this.#folder, name));
    } else truncateSync(join(this.#folder, name), 10);
  }

  /** Kills the process after a number of file calls. */
  killIn(calls: number): void {
    const spool = this.#now;
    this.#faults.killIn(calls, () => {
      if (!spool.isSettled) this.#hasLost = true;
      this.#killed();
    });
  }

  /** Ends the process and starts another, on a working disk. @param isEnded orderly; else by a kill */
  async restart(isEnded: boolean, isMovedBack: boolean): Promise<void> {
    this.moveBack();
    if (isEnded) {
      this.#faults.state = 'fine';
      const spool = this.#spool;
      if (spool !== undefined) await this.#survives(() => this.#end(spool));
    } else if (this.#spool !== undefined && !this.#spool.isSettled) this.#hasLost = true;
    this.#faults.reset();
    this.#checkTombstone();
    this.#holes += this.#unwritten;
    this.#unwritten = 0;
    if (isMovedBack) this.#takeBack();
    await this.open();
    await this.clock.advance(60_000);
  }

  #checkTombstone(): void {
    const names = existsSync(this.#folder) ? readdirSync(this.#folder) : [];
    const newest = (kind: string): number =>
      Math.max(0, ...names.filter((name) => name.endsWith(kind)).map((name) => parseInt(name, 10)));
    if (newest('.report') > newest('.sent')) this.#unmarked.push(String(newest('.report')));
  }

  async #end(spool: QueueSpool): Promise<void> {
    if (!(await spool.close()).isRecorded) this.#hasLost = true;
  }

  /** Moves frames that were set aside back to the spool, as a user may. */
  #takeBack(): void {
    const rejected = join(this.#folder, 'rejected');
    if (!existsSync(rejected)) return;
    for (const name of readdirSync(rejected).filter((each) => each.endsWith('.jpg'))) {
      renameSync(join(rejected, name), join(this.#folder, name));
    }
  }

  /** @returns the inconsistencies, after the disk works again and the process has ended */
  async close(): Promise<string[]> {
    await this.restart(true, false);
    // Damaged entries are found when they are read.
    await this.send(Array.from({ length: this.#now.waitingCount + 50 }, () => 'not sent' as const));
    await this.#now.close();
    const { waiting, aside, notes } = this.#look();
    const gaps = [...notes.values(), ...this.#notesReceived()].flatMap(
      ({ sequences }) => sequences ?? [],
    );
    const gone = new Map<number, number>();
    for (const [first, last] of gaps) {
      for (let each = first; each <= last; each += 1) gone.set(each, (gone.get(each) ?? 0) + 1);
    }
    const arrived = new Map([...this.#received].filter(([, seen]) => 'id' in seen));
    const wrong: string[] = [];
    const say = (what: string, items: Iterable<number | string>): void => {
      const all = [...items];
      if (all.length > 0) wrong.push(`${what}: ${all.join(' ')}`);
    };
    const keys = (map: ReadonlyMap<number, unknown>): number[] => [...map.keys()];
    const isAnswered = (sequence: number): boolean => !this.#unanswered.has(sequence);
    if (this.#taken === 0) say('sent with two contents', this.#reused);
    say('reports without a tombstone', this.#unmarked);
    say(
      'counted twice',
      keys(gone).filter((each) => gone.get(each) !== 1),
    );
    say(
      'counted and waiting',
      keys(waiting).filter((each) => gone.has(each)),
    );
    say(
      'counted and set aside',
      keys(aside).filter((each) => gone.has(each)),
    );
    say(
      'set aside and waiting',
      keys(aside).filter((each) => waiting.has(each)),
    );
    say(
      'stored and counted',
      keys(arrived).filter((each) => gone.has(each) && isAnswered(each)),
    );
    say(
      'stored and waiting',
      keys(arrived).filter((each) => waiting.has(each) && isAnswered(each)),
    );
    say(
      'stored and set aside',
      keys(arrived).filter((each) => aside.has(each) && isAnswered(each)),
    );
    for (const note of [...notes.values(), ...this.#notesReceived()]) {
      const named = (note.sequences ?? []).reduce(
        (sum, [first, last]) => sum + last - first + 1,
        0,
      );
      if (named !== note.count) wrong.push(`a note of ${note.count} names ${named}`);
    }
    const used = new Set([
      ...this.#received.keys(),
      ...keys(waiting),
      ...keys(aside),
      ...keys(notes),
      ...keys(gone),
    ]);
    const last = Math.max(0, ...used);
    const holes = Array.from({ length: last }, (_, index) => index + 1).filter(
      (each) => !used.has(each),
    );
    if (!this.#hasLost && holes.length > this.#holes + this.#taken) say('nowhere', holes);
    const there = new Set<string>();
    for (const seen of [...arrived.values(), ...waiting.values(), ...aside.values()]) {
      if ('id' in seen) there.add(seen.id);
    }
    const missing = this.#declared.filter((id) => !there.has(id)).length;
    const counted = keys(gone).filter((each) => !arrived.has(each)).length;
    if (!this.#hasLost && missing > counted + this.#taken)
      wrong.push(`${missing} missing, ${counted} counted`);
    const { life } = await DiskStore.open(this.#folder, noReport);
    const newest = Math.max(0, ...this.#received.keys(), ...keys(gone));
    if (this.#taken === 0 && life.lastSequence < newest)
      wrong.push(`${newest} was given, ${life.lastSequence} is known`);
    return wrong;
  }

  #notesReceived(): DroppedHeader[] {
    const { notes } = this.#look();
    return [...this.#received].flatMap(([sequence, seen]) =>
      'note' in seen && !notes.has(sequence) ? [seen.note] : [],
    );
  }

  /** The content of the folder, read without the spool. */
  #look() {
    const waiting = new Map<number, Seen>();
    const aside = new Map<number, Seen>();
    const notes = new Map<number, DroppedHeader>();
    const rejected = join(this.#folder, 'rejected');
    const read = (folder: string, into: Map<number, Seen>): void => {
      for (const name of existsSync(folder) ? readdirSync(folder) : []) {
        const [, digits] = /^(\d{12})\.(jpg|dropped|report)$/.exec(name) ?? [];
        if (digits === undefined) continue;
        const entry = decodeEntry(readFileSync(join(folder, name)));
        if (entry.header.type === 'dropped') notes.set(Number(digits), entry.header);
        else into.set(Number(digits), contentOf(entry));
      }
    };
    read(this.#folder, waiting);
    read(rejected, aside);
    return { waiting, aside, notes };
  }

  get #now(): QueueSpool {
    if (this.#spool === undefined) throw new Error('no process');
    return this.#spool;
  }

  /** @returns false when the process was killed meanwhile; a new one is started then */
  async #survives(work: () => Promise<unknown>): Promise<boolean> {
    const killed = new Promise<false>((resolve) => (this.#killed = () => resolve(false)));
    const isAlive = await Promise.race([work().then(() => true as const), killed]);
    if (!isAlive) {
      this.#spool = undefined;
      await this.restart(false, false);
    }
    return isAlive;
  }
}

function contentOf({ header, body }: Entry): Seen {
  if (header.type === 'dropped') return { note: header };
  return { id: header.type === 'frame' ? sha256Of(body) : `report ${header.number}` };
}

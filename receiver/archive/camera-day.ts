/**
 * What the entries of a camera say about a stretch of its local time, usually a day. Entries come in any order and may
 * repeat; those of neighbouring days complete events and sequences. Memory: some bytes a frame, and each event and
 * report. Pure.
 */
import { type Hash, HashTable, hashOf } from '../store/hash-table.js';
import { CameraEvents, type DayEvent } from './camera-events.js';
import { CameraReports } from './camera-reports.js';
import { CameraSequences, type MissingNumbers } from './camera-sequences.js';
import { CameraZone, type LocalRange, type Offset } from './camera-zone.js';
import { type Stretch, type StretchState, dayLine } from './day-line.js';
import { DayRemovals, type Removals } from './day-removals.js';
import { withoutDisprovedOff } from './disproved-off.js';
import type { FrameEntry, Proof } from './frame-entry.js';
import {
  type GapEntry,
  type RecordEntry,
  type RecordLine,
  type ReportEntry,
  isEntry,
} from './record-entry.js';

/** Gaps and reports that are kept one by one; a camera makes one report a minute. */
const maxListed = 100_000;
const dayMs = 86_400_000;
const minuteMs = 60_000;

export interface DayGap {
  readonly fromMs: number;
  readonly toMs: number;
  readonly count: number;
  readonly why: string;
}

export interface CameraDayResult extends Removals {
  readonly fromMs: number;
  readonly toMs: number;
  /** Of the camera. */
  readonly offsets: readonly Offset[];
  /** False: an agent of 0.1 or a raw sender; nothing is known beside its frames and gaps. */
  readonly doesReport: boolean;
  /** Until now, for a day that has not ended. */
  readonly stretches: readonly Stretch[];
  readonly durationsMs: Readonly<Record<StretchState, number>>;
  readonly frames: { readonly count: number; readonly changed: number; readonly bytes: number };
  /** Frames that arrived in these days from the camera while it had no clock. */
  readonly unclockedFrames: number;
  /** How many frames there are of each. */
  readonly proofs: Readonly<Partial<Record<Proof, number>>>;
  /** Gaps and reports with a flaw. */
  readonly flawedOthers: number;
  /** Sums of its reports. */
  readonly reported: {
    readonly compared: number;
    readonly changed: number;
    readonly skipped: number;
  };
  readonly events: readonly DayEvent[];
  readonly gaps: readonly DayGap[];
  readonly missing: MissingNumbers;
  readonly clockSteps: readonly { readonly atMs: number; readonly byMs: number }[];
  /** Of the report that arrived last, whatever its day. */
  readonly everyMs: number | undefined;
  readonly clockErrorMs: number | undefined;
  readonly waiting: WaitingFrames | undefined;
  readonly arrivedAtMs: number | undefined;
  /** When the last report arrived. */
  readonly reportedAtMs: number | undefined;
}

/** What waited in the camera at the end of a report. */
export interface WaitingFrames {
  readonly frames: number;
  /** By the camera's clock: capture of the oldest, and end of the report. */
  readonly oldestMs: number;
  readonly atMs: number;
}

export interface DayMoment {
  readonly nowMs: number;
  /** The offset of a camera without entries. */
  readonly utcOffsetMinutes: number;
  /** Whether the camera has days that were not read. */
  readonly hasOtherDays: boolean;
}

export class CameraDay {
  readonly #range: LocalRange;
  readonly #zone: CameraZone;
  readonly #seen = new HashTable();
  readonly #events = new CameraEvents();
  readonly #sequences = new CameraSequences();
  readonly #removals = new DayRemovals();
  readonly #changes: [number, number][] = [];
  readonly #reports = new CameraReports(maxListed);
  readonly #gaps: DayGap[] = [];
  readonly #frames = { count: 0, changed: 0, bytes: 0 };
  readonly #proofs: Partial<Record<Proof, number>> = {};
  /** Frames in each minute of the range. */
  readonly frameMinutes: Uint32Array;
  #unclockedFrames = 0;
  #flawedOthers = 0;
  #arrivedAtMs: number | undefined;

  constructor(range: LocalRange) {
    this.#range = range;
    this.#zone = new CameraZone(range);
    this.frameMinutes = new Uint32Array(
      Math.ceil((range.toLocalMs - range.fromLocalMs) / minuteMs),
    );
  }

  /** @param isUnclocked from the folder of a camera without a clock */
  add(entry: RecordLine, isUnclocked = false): void {
    if (!isEntry(entry)) {
      this.#sequences.addNote(entry);
      this.#removals.add(entry, (atMs, offset) => this.#isWithin(atMs, offset));
      return;
    }
    const isIn = !isUnclocked && this.#zone.add(momentOf(entry), entry.utcOffsetMinutes);
    this.#sequences.add(entry, isIn);
    if (entry.receivedAtMs !== undefined && entry.receivedAtMs > (this.#arrivedAtMs ?? -Infinity)) {
      this.#arrivedAtMs = entry.receivedAtMs;
    }
    if (!this.#isNew(entry)) return;
    if (isUnclocked) {
      if (entry.kind === 'frame') this.#unclockedFrames += 1;
      return;
    }
    if (entry.kind === 'frame') this.#addFrame(entry, isIn);
    else if (entry.kind === 'gap') this.#addGap(entry, isIn);
    else this.#addReport(entry, isIn);
  }

  /** Numbers that no entry has. */
  missing(): MissingNumbers {
    return this.#sequences.missing();
  }

  result({ nowMs, utcOffsetMinutes, hasOtherDays }: DayMoment): CameraDayResult {
    const { fromMs, toMs } = this.#zone.window(utcOffsetMinutes);
    const reports = this.#reports.listed();
    const reportedToMs = this.#reports.last?.toMs;
    const { lastArrived } = this.#reports;
    const { everyMs, clockErrorMs, receivedAtMs } = lastArrived ?? {};
    // Now, by the camera's clock.
    const endMs = Math.max(nowMs + (clockErrorMs ?? 0), reportedToMs ?? fromMs, fromMs);
    const changes = [...this.#changes, ...this.#events.spans()];
    const newSinceMs = hasOtherDays ? undefined : this.#newSinceMs();
    const removals = this.#removals.result(fromMs, toMs);
    const removed = removals.summaries.filter((each) => each.reports > 0);
    const believed = withoutDisprovedOff(reports);
    const line = { fromMs, toMs: Math.min(toMs, endMs), reports: believed, changes, removed };
    const doesReport = this.#reports.first !== undefined || this.#removals.hasReports;
    const stretches = doesReport ? dayLine({ ...line, reportedToMs, newSinceMs }) : [];
    const durationsMs = { quiet: 0, changed: 0, 'not-watched': 0, unknown: 0, before: 0 };
    for (const each of stretches) durationsMs[each.state] += each.toMs - each.fromMs;
    const ofDay = reports.filter((each) => this.#isIn(each));
    return {
      ...{ fromMs, toMs, offsets: this.#zone.offsets(utcOffsetMinutes) },
      ...{ doesReport, stretches, durationsMs, reported: sumOf(ofDay), ...removals },
      frames: { ...this.#frames },
      unclockedFrames: this.#unclockedFrames,
      proofs: { ...this.#proofs },
      flawedOthers: this.#flawedOthers,
      events: this.#events.between(fromMs, toMs, doesReport),
      gaps: this.#gaps.toSorted((a, b) => a.fromMs - b.fromMs),
      missing: this.#sequences.missing(),
      clockSteps: ofDay
        .flatMap(({ fromMs: atMs, steppedMs: byMs }) => (byMs ? [{ atMs, byMs }] : []))
        .sort((a, b) => a.atMs - b.atMs),
      ...{ everyMs, clockErrorMs, waiting: waitingAt(lastArrived) },
      arrivedAtMs: this.#arrivedAtMs,
      reportedAtMs: receivedAtMs,
    };
  }

  #addFrame(frame: FrameEntry, isIn: boolean): void {
    const { capturedAtMs, utcOffsetMinutes, byteCount, changed, event, proof } = frame;
    if (event !== undefined) this.#events.addFrame(event, capturedAtMs, changed === true);
    if (changed === true && event === undefined && isIn) {
      this.#changes.push([capturedAtMs, capturedAtMs]);
    }
    if (!isIn) return;
    this.#frames.count += 1;
    this.#frames.bytes += byteCount;
    if (changed === true) this.#frames.changed += 1;
    this.#proofs[proof] = (this.#proofs[proof] ?? 0) + 1;
    const atLocalMs = capturedAtMs + utcOffsetMinutes * minuteMs;
    const minute = Math.floor((atLocalMs - this.#range.fromLocalMs) / minuteMs);
    this.frameMinutes[minute] = (this.frameMinutes[minute] ?? 0) + 1;
  }

  /** A gap belongs to the day of its first frame. */
  #addGap({ fromMs, toMs, count, why, proof }: GapEntry, isIn: boolean): void {
    if (!isIn || this.#gaps.length >= maxListed) return;
    if (isFlawed(proof)) this.#flawedOthers += 1;
    this.#gaps.push({ fromMs, toMs, count, why });
  }

  #addReport(report: ReportEntry, isIn: boolean): void {
    for (const each of report.ended) this.#events.addEnd(each);
    if (isIn && isFlawed(report.proof)) this.#flawedOthers += 1;
    this.#reports.add(report, isIn || this.#isNear(report));
  }

  #isNew(entry: RecordEntry): boolean {
    const hash = hashOf(keyOf(entry), 0);
    if (this.#has(hash)) return false;
    this.#seen.set(hash, hash.check);
    return true;
  }

  #has(hash: Hash): boolean {
    return this.#seen.get(hash) === hash.check;
  }

  #isIn(entry: RecordEntry): boolean {
    return this.#isWithin(momentOf(entry), entry.utcOffsetMinutes);
  }

  #isWithin(atMs: number, utcOffsetMinutes: number): boolean {
    const localMs = atMs + utcOffsetMinutes * minuteMs;
    return this.#range.fromLocalMs <= localMs && localMs < this.#range.toLocalMs;
  }

  /** Whether it may reach into the range by another offset. */
  #isNear({ fromMs, toMs, utcOffsetMinutes }: ReportEntry): boolean {
    const awayMs = utcOffsetMinutes * minuteMs;
    const { fromLocalMs, toLocalMs } = this.#range;
    return fromMs + awayMs < toLocalMs + dayMs && toMs + awayMs > fromLocalMs - dayMs;
  }

  /** The start of a new camera's first report; undefined: its numbers say that there was an earlier entry. */
  #newSinceMs(): number | undefined {
    const { epoch, fromMs } = this.#reports.first ?? {};
    return epoch !== undefined && this.#sequences.beginsWith(epoch) ? fromMs : undefined;
  }
}

const isFlawed = (proof: Proof): boolean => proof !== 'signed' && proof !== 'unsigned';

/** What decides to which day an entry belongs. */
function momentOf(entry: RecordEntry): number {
  if (entry.kind === 'frame') return entry.capturedAtMs;
  return entry.kind === 'gap' ? entry.fromMs : Math.max(entry.fromMs, entry.toMs - 1);
}

function sumOf(reports: readonly ReportEntry[]): CameraDayResult['reported'] {
  const sum = { compared: 0, changed: 0, skipped: 0 };
  for (const { compared, changed, skipped } of reports) {
    sum.compared += compared;
    sum.changed += changed;
    sum.skipped += skipped;
  }
  return sum;
}

function keyOf(entry: RecordEntry): string {
  const { kind, epoch = '', sequence = '' } = entry;
  if (kind === 'frame')
    return `${epoch} ${sequence} ${epoch === '' ? entry.name : entry.capturedAtMs}`;
  const { fromMs, toMs } = entry;
  const content = kind === 'gap' ? `${entry.count} ${entry.why}` : entry.state;
  return `${kind} ${epoch} ${sequence} ${fromMs} ${toMs} ${content}`;
}

/** @returns undefined: none waits, or the agent does not state since when */
function waitingAt(report: ReportEntry | undefined): WaitingFrames | undefined {
  if (report?.oldestWaitingMs === undefined) return undefined;
  return { frames: report.waiting, oldestMs: report.oldestWaitingMs, atMs: report.toMs };
}

/**
 * Verifies the cameras of a captures directory or of an export, day by day. What seems wrong is looked at a second time
 * before it is reported: a receiver may be writing, and retention deleting, at this moment.
 */
import { readRecordLine, isEntry } from '../record-entry.js';
import { CameraTally } from './camera-tally.js';
import { CheckEndedError } from './check-threads.js';
import type { ExportFacts } from './export-facts.js';
import type { DayFolder, VerifySource } from './day-folder.js';
import { type EntryChecker, EntryQueue } from './entry-queue.js';
import { type Finding, levelOf } from './findings.js';
import type { KnownKeys } from './keys.js';
import { rawLines } from './raw-lines.js';
import { type Hole, SequenceCheck } from './sequence-check.js';
import { SignatureCheck } from './signature-check.js';
import { type DayParts, verifyDay } from './verify-day.js';

/** A line follows its file, and a frame the one after it, within this time. */
const settleMs = [0, 500, 1500, 3000];
/** A file that is younger than this may still get its line. */
const youngMs = 60_000;
/** A frame that is refused for a quota comes again after a minute. */
const arrivalMs = 150_000;

export interface VerifyParts {
  readonly source: VerifySource;
  readonly keys: KnownKeys;
  readonly checker: EntryChecker;
  /** Only these; each camera that is there. */
  readonly cameras: readonly string[];
  /** Of an export: nothing before and after its stretch is here, nor these numbers. */
  readonly part?: { readonly elsewhere: ExportFacts['elsewhere'] } | undefined;
  readonly nowMs: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  readonly onFinding: (finding: Finding) => void;
  readonly onBytes: (bytes: number) => void;
  /** The source has only the days since then; `all` has the others, for their numbers. */
  readonly since?: { readonly atMs: number; readonly all: VerifySource } | undefined;
}

export interface CameraResult {
  readonly camera: string;
  readonly tally: CameraTally;
  readonly hasKey: boolean;
  readonly faults: number;
  readonly unreadable: number;
  readonly notes: number;
}

/** @param onCamera called after each camera @throws a system error: the source cannot be read */
export async function verifyCaptures(
  parts: VerifyParts,
  onCamera: (result: CameraResult) => void,
): Promise<void> {
  for (const camera of parts.cameras) onCamera(await new CameraRun(parts, camera).run());
}

class CameraRun {
  readonly #parts: VerifyParts;
  readonly #camera: string;
  readonly #counts = { fault: 0, unreadable: 0, note: 0 };
  readonly #tally = new CameraTally();
  readonly #sequences = new SequenceCheck();
  readonly #signatures: SignatureCheck;
  readonly #queue: EntryQueue;

  constructor(parts: VerifyParts, camera: string) {
    this.#parts = parts;
    this.#camera = camera;
    // Several keys: the camera had one of them when the entry arrived, the pinned one since it was pinned.
    const keys = parts.keys.get(camera) ?? [];
    const pinned = keys.find(({ pinnedAtMs }) => pinnedAtMs !== undefined);
    this.#signatures = new SignatureCheck(pinned?.pinnedAtMs);
    const publicKeys = keys.map(({ key }) => key);
    this.#queue = new EntryQueue(parts.checker, publicKeys);
  }

  async run(): Promise<CameraResult> {
    const { source, keys } = this.#parts;
    const camera = this.#camera;
    await source.days(
      camera,
      (day) => this.#checkDay(day),
      ({ path, kind, why }) => this.#report({ kind, camera, path, found: why }),
    );
    for (const { path, kind, why } of await source.badErasures(camera)) {
      this.#report({ kind, camera, path, found: why });
    }
    for (const { kind, place, epoch, first, last } of this.#signatures.faults()) {
      const found = `${rangeText(first, last)} of epoch ${epoch}`;
      this.#report({ kind, camera, ...place, found });
    }
    for (const hole of await this.#holes()) {
      this.#report({ kind: hole.kind, camera, path: camera, found: holeText(hole) });
    }
    const { fault: faults, unreadable, note: notes } = this.#counts;
    const hasKey = (keys.get(camera)?.length ?? 0) > 0;
    return { camera, tally: this.#tally, hasKey, faults, unreadable, notes };
  }

  async #checkDay(day: DayFolder): Promise<void> {
    this.#tally.days += 1;
    const common = { queue: this.#queue, onBytes: this.#parts.onBytes };
    const [tally, sequences, signatures] = [this.#tally, this.#sequences, this.#signatures];
    const first = await verifyDay(day, { ...common, tally, sequences, signatures });
    const ofLines = first.findings.filter(
      ({ line, kind }) => line !== undefined && kind !== 'used-twice',
    );
    let ofFiles = first.findings.filter((each) => !ofLines.includes(each));
    for (const waitMs of settleMs) {
      if (ofFiles.length === 0) break;
      if (waitMs > 0 && !this.#isYoung(day, ofFiles)) break;
      await this.#parts.sleep(waitMs);
      ofFiles = await this.#lookAgain(day, ofFiles, { ...common, onBytes: () => undefined });
    }
    for (const finding of [...ofLines, ...ofFiles]) this.#report(finding);
    this.#counts.fault += first.unlisted;
  }

  /** @returns those that are still there */
  async #lookAgain(
    day: DayFolder,
    findings: readonly Finding[],
    common: Pick<DayParts, 'queue' | 'onBytes'>,
  ): Promise<Finding[]> {
    const only = new Set(findings.map(nameOf));
    const sinks = {
      tally: new CameraTally(),
      sequences: new SequenceCheck(),
      signatures: new SignatureCheck(undefined),
    };
    const { findings: again } = await verifyDay(day, { ...common, ...sinks }, only);
    return [...again];
  }

  #isYoung(day: DayFolder, findings: readonly Finding[]): boolean {
    const sinceMs = this.#parts.nowMs() - youngMs;
    return findings.some((finding) => {
      if (levelOf(finding) !== 'fault') return false;
      return (day.look(nameOf(finding))?.changedAtMs ?? 0) > sinceMs;
    });
  }

  async #holes(): Promise<Hole[]> {
    const { part, nowMs, source, since } = this.#parts;
    const isPart = part !== undefined;
    for (const [epoch, ranges] of part?.elsewhere ?? [])
      this.#sequences.addElsewhere(epoch, ranges);
    // A gap may name numbers of later days.
    if (since !== undefined) await this.#readNumbers(since.all);
    let holes: Hole[] = [];
    for (const waitMs of settleMs) {
      const isSending = source.isSending(this.#camera);
      const arrivingSinceMs = isSending ? nowMs() - arrivalMs : undefined;
      holes = this.#sequences.holes({ arrivingSinceMs, isPart, sinceMs: since?.atMs });
      if (holes.every(({ kind }) => kind === 'begins-late') || isPart) break;
      if (waitMs > 0 && !isSending) break;
      await this.#parts.sleep(waitMs);
      // Lines that arrived meanwhile, or were replaced by a summary.
      await this.#readNumbers(since?.all ?? source);
    }
    return holes;
  }

  async #readNumbers(source: VerifySource): Promise<void> {
    await source.days(
      this.#camera,
      async (day) => {
        const record = await day.openRecord().catch(endedOnly);
        try {
          if (record === undefined) return;
          for await (const lines of rawLines(record)) {
            for (const { text } of lines) {
              const line = text === undefined ? undefined : readRecordLine(text);
              if (line === undefined || (line.camera ?? this.#camera) !== this.#camera) continue;
              if (isEntry(line)) this.#sequences.addEntry(line);
              else this.#sequences.addNote(line);
            }
          }
        } finally {
          await record?.close();
        }
      },
      () => undefined,
    );
  }

  #report(finding: Finding): void {
    this.#counts[levelOf(finding)] += 1;
    this.#parts.onFinding(finding);
  }
}

const nameOf = ({ path }: Finding): string => path.slice(path.lastIndexOf('/') + 1);

function holeText({ first, last, epoch, waiting }: Hole): string {
  const text = `no entry ${rangeText(first, last)} of epoch ${epoch}`;
  if (waiting === undefined) return text;
  return `${text}; ${waiting} of them may wait at the camera, as its newest report of this epoch says`;
}

const rangeText = (first: number, last: number): string =>
  first === last ? `${first}` : `${first} to ${last}`;

/** A record that cannot be read is a finding of its day already. @throws {CheckEndedError} */
function endedOnly(error: unknown): undefined {
  if (error instanceof CheckEndedError) throw error;
  return undefined;
}

/**
 * Checks one day of a camera: each line of its record, each frame's file, each name in its folder. The record is read
 * twice, since a later line may give a name to another frame, or say that a frame was deleted.
 */
import { randomInt } from 'node:crypto';
import { OperationalError, describeError, systemCode } from '../../../shared/cli/errors.js';
import { counted } from '../../../shared/cli/humanize.js';
import { parseFrameName } from '../../../shared/protocol/frame-path.js';
import type { FrameEntry } from '../frame-entry.js';
import { recordName } from '../../store/day-record.js';
import { type RecordEntry, type RecordLine, isEntry, readRecordLine } from '../record-entry.js';
import type { CameraTally } from './camera-tally.js';
import { DayClaims } from './day-claims.js';
import type { DayFolder, OpenBytes } from './day-folder.js';
import type { FileResult, FrameFile, SignatureState } from './entry-check.js';
import type { EntryQueue } from './entry-queue.js';
import type { Finding, FindingKind } from './findings.js';
import { wrongPlaceOf } from './line-place.js';
import { rawLines } from './raw-lines.js';
import type { SequenceCheck } from './sequence-check.js';
import type { SignatureCheck } from './signature-check.js';

/** Findings of a day that are listed; all are counted. */
export const maxFindings = 1000;

export interface DayParts {
  readonly queue: EntryQueue;
  readonly tally: CameraTally;
  readonly sequences: SequenceCheck;
  readonly signatures: SignatureCheck;
  readonly onBytes: (bytes: number) => void;
}

export interface DayResult {
  readonly findings: readonly Finding[];
  /** Faults beyond those that are listed. */
  readonly unlisted: number;
}

/**
 * @param only frames and files with these names; without it all
 * Never throws for a file or folder that cannot be read: that is a finding.
 */
export async function verifyDay(
  day: DayFolder,
  parts: DayParts,
  only?: ReadonlySet<string>,
): Promise<DayResult> {
  const checking = new DayCheck(day, parts, only);
  try {
    const record = await day.openRecord();
    try {
      if (record !== undefined) await checking.readRecord(record);
    } finally {
      await record?.close();
    }
    await checking.readNames();
  } catch (error) {
    if (!(error instanceof OperationalError) && systemCode(error) === undefined) throw error;
    checking.addUnreadable(error);
  }
  return { findings: checking.findings, unlisted: checking.unlisted };
}

class DayCheck {
  readonly findings: Finding[] = [];
  unlisted = 0;
  readonly #day: DayFolder;
  readonly #parts: DayParts;
  readonly #only: ReadonlySet<string> | undefined;
  readonly #claims = new DayClaims(randomInt(2 ** 32 - 1));
  /** The first line that `receiver reindex` wrote, and how many there are. */
  #recovered: { readonly line: number; count: number } | undefined;

  constructor(day: DayFolder, parts: DayParts, only: ReadonlySet<string> | undefined) {
    this.#day = day;
    this.#parts = parts;
    this.#only = only;
  }

  async readRecord(record: OpenBytes): Promise<void> {
    for await (const lines of rawLines(record)) {
      for (const { text, number } of lines) {
        const line = text === undefined ? undefined : readRecordLine(text);
        // A line of another camera claims no file here.
        if (line === undefined || (line.camera ?? this.#day.camera) !== this.#day.camera) continue;
        if (line.kind === 'frame') this.#claims.add(line, number);
        if (line.kind === 'deleted') this.#claims.addDeleted(line.names);
      }
    }
    try {
      for await (const lines of rawLines(record)) {
        for (const { text, number, isWhole } of lines) {
          const line = text === undefined ? undefined : readRecordLine(text);
          if (line !== undefined && text !== undefined) await this.#checkLine(line, text, number);
          else if (isWhole) await this.#then(() => this.#addLine('torn-line', number));
        }
      }
    } finally {
      // The files of a day are read while it is open.
      await this.#parts.queue.end();
    }
    if (this.#recovered === undefined) return;
    const { line, count } = this.#recovered;
    this.#addLine('recovered', line, undefined, counted(count, 'frame'));
  }

  /** Files without a line, and what is no frame. */
  async readNames(): Promise<void> {
    const { path, isUnclocked } = this.#day;
    for await (const name of this.#day.names()) {
      if (name === recordName || name === '.day-index') continue;
      if (this.#claims.hasName(name)) continue;
      const look = this.#day.look(name);
      if (look === undefined) continue;
      const isUnclockedParent = isUnclocked && path.endsWith('/unclocked');
      if (isUnclockedParent && !look.isFile && isDay(name)) continue;
      // An unfinished file of a process that was killed.
      if (look.isFile && /^\..*\.part$/.test(name)) continue;
      const moment = parseFrameName(name);
      const isFrame = look.isFile && (moment !== undefined || isUnclockedName(name));
      if (!isFrame) {
        this.#add({ kind: 'foreign-file', name });
      } else if (this.#claims.isDeleted(name)) {
        this.#add({ kind: 'unfinished-deletion', name });
      } else if (look.bytes > 0) {
        // Version 0.1 could leave an empty file: it is no frame.
        this.#add({ kind: 'no-line', name });
        if (moment !== undefined) this.#parts.sequences.addUnnumbered(moment.capturedAtMs);
      }
    }
  }

  addUnreadable(error: unknown): void {
    this.#push({ kind: 'unreadable', path: this.#day.path, found: describeError(error) });
  }

  /** Does it in its turn: findings are in the order of the lines. */
  async #then(act: () => void): Promise<void> {
    await this.#parts.queue.add({}, act);
  }

  async #checkLine(line: RecordLine, text: string, number: number): Promise<void> {
    const { tally, sequences, queue } = this.#parts;
    const { camera } = this.#day;
    if (!isEntry(line)) {
      if (line.camera === camera) {
        tally.addNote(line);
        sequences.addNote(line);
      } else await this.#then(() => this.#addLine('wrong-camera', number, camera, line.camera));
      return;
    }
    const isRecovered = isWrittenByReindex(line, text);
    const wrong = wrongPlaceOf(line, this.#day, isRecovered);
    if (wrong !== undefined) {
      await this.#then(() => this.#addLine(wrong.kind, number, wrong.expected, wrong.found));
      // The numbers of another camera, or of another day, explain nothing here.
      if (wrong.kind !== 'wrong-name') return;
    }
    tally.addEntry(line);
    sequences.addEntry(line);
    if (isRecovered) {
      tally.recovered += 1;
      this.#recovered ??= { line: number, count: 0 };
      this.#recovered.count += 1;
      sequences.addUnnumbered(line.capturedAtMs);
    }
    const hasSignature = !isRecovered && this.#only === undefined;
    const frame = line.kind === 'frame' && (this.#only?.has(line.name) ?? true) ? line : undefined;
    const file = frame && (await this.#fileOf(frame, number));
    if (!hasSignature && file === undefined) return;
    await queue.add({ text: hasSignature ? text : undefined, file }, (result) => {
      if (result.signature !== undefined) this.#useSignature(result.signature, line, number);
      if (frame !== undefined && result.file !== undefined)
        this.#useFile(result.file, frame, number);
    });
  }

  #useSignature(state: SignatureState, entry: RecordEntry, line: number): void {
    const { tally, signatures } = this.#parts;
    const place = { path: this.#recordPath(), line };
    if (state === 'altered') {
      this.#addLine('altered-line', line);
      return;
    }
    if (state === 'none') tally.unsigned += 1;
    else if (state === 'unknown') tally.keyNotKnown += 1;
    else if (state === 'right') tally.proven += 1;
    signatures.add(entry, place, state === 'unknown' ? 'right' : state);
  }

  /** @returns undefined: the file is not checked, or not by this line */
  async #fileOf(frame: FrameEntry, line: number): Promise<FrameFile | undefined> {
    const { name, byteCount, sha256 } = frame;
    const isLastOfName = this.#claims.isLastOfName(name, line);
    if (this.#claims.isDeleted(name)) {
      if (isLastOfName && this.#day.look(name) !== undefined) {
        await this.#then(() => this.#add({ kind: 'unfinished-deletion', name }));
      }
      return undefined;
    }
    const isLastOfFrame = this.#claims.lastLineOf(frame, line) === line;
    // A later line of the frame, or of the file, is the one that counts.
    if (!isLastOfName && (!isLastOfFrame || frame.epoch === undefined)) return undefined;
    const id = frame.epoch === undefined ? undefined : `${frame.epoch} ${frame.sequence}`;
    return { place: this.#day.placeOf(name), byteCount, sha256, id };
  }

  #useFile({ bytesRead, fault }: FileResult, frame: FrameEntry, line: number): void {
    const { name } = frame;
    this.#parts.tally.bytes += bytesRead;
    if (bytesRead > 0) this.#parts.onBytes(bytesRead);
    const isLastOfFrame = this.#claims.lastLineOf(frame, line) === line;
    const isLastOfName = this.#claims.isLastOfName(name, line);
    if (!isLastOfFrame) {
      if (fault === undefined) this.#add({ kind: 'used-twice', name, line });
      else if (fault.kind !== 'missing-file') this.#add({ ...fault, name });
    } else if (fault !== undefined) {
      const found = isLastOfName ? fault.found : 'the file of a later line';
      this.#add({ ...fault, kind: isLastOfName ? fault.kind : 'missing-file', found, name });
    }
  }

  #recordPath(): string {
    return `${this.#day.path}/${recordName}`;
  }

  #addLine(kind: FindingKind, line: number, expected?: string, found?: string): void {
    if (this.#only === undefined)
      this.#push({ kind, path: this.#recordPath(), line, expected, found });
  }

  #add({ name, ...fault }: Fault): void {
    if (this.#only?.has(name) === false) return;
    this.#push({ ...fault, path: `${this.#day.path}/${name}` });
  }

  #push(finding: Omit<Finding, 'camera'>): void {
    if (this.findings.length < maxFindings) {
      this.findings.push({ camera: this.#day.camera, ...finding });
    } else this.unlisted += 1;
  }
}

/** What is found about a file of the day. */
interface Fault extends Pick<Finding, 'kind' | 'line' | 'expected' | 'found'> {
  readonly name: string;
}

/** Such a line has no number: one with a number stands in the place of a line of the camera. */
const isWrittenByReindex = (entry: RecordEntry, text: string): entry is FrameEntry =>
  entry.kind === 'frame' &&
  entry.epoch === undefined &&
  entry.proof === 'unsigned' &&
  text.includes('"recovered":true');

const isDay = (name: string): boolean => /^\d{4}_\d\d_\d\d$/.test(name);
/** Epoch and sequence of a frame of a camera without a clock. */
const isUnclockedName = (name: string): boolean =>
  /^[0-9a-f]{16,32}-\d{1,16}(?:-\d{1,9})?\.jpg$/.test(name);

/**
 * Checks one day of a camera: each line of its record, each frame's file, each name in its folder. The record is read
 * twice, since a later line may give a name to another frame, or say that a frame was deleted.
 */
import { randomInt } from 'node:crypto';
import { OperationalError, describeError, systemCode } from '../../../shared/cli/errors.js';
import { parseFrameName } from '../../../shared/protocol/frame-path.js';
import type { FrameEntry } from '../frame-entry.js';
import { recordName } from '../../store/day-record.js';
import { type RecordEntry, type RecordLine, isEntry, readRecordLine } from '../record-entry.js';
import type { CameraTally } from './camera-tally.js';
import { DayClaims } from './day-claims.js';
import type { DayFolder, OpenBytes } from './day-folder.js';
import type { Finding, FindingKind } from './findings.js';
import { type KnownKey, isSignedByOne } from './keys.js';
import type { Lanes } from './lanes.js';
import { wrongPlaceOf } from './line-place.js';
import { rawLines } from './raw-lines.js';
import type { SequenceCheck } from './sequence-check.js';
import type { SignatureCheck } from './signature-check.js';
import { signedPartOf } from './signed-line.js';

/** Findings of a day that are listed; all are counted. */
export const maxFindings = 1000;

export interface DayParts {
  readonly keys: readonly KnownKey[];
  readonly lanes: Lanes;
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
    for await (const lines of rawLines(record)) {
      for (const { text, number, isWhole } of lines) {
        const line = text === undefined ? undefined : readRecordLine(text);
        if (line !== undefined && text !== undefined) await this.#checkLine(line, text, number);
        else if (isWhole) {
          this.#addLine('torn-line', number);
        }
      }
    }
    await this.#parts.lanes.end();
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

  async #checkLine(line: RecordLine, text: string, number: number): Promise<void> {
    const { tally, sequences, lanes } = this.#parts;
    if (!isEntry(line)) {
      if (line.camera === this.#day.camera) {
        tally.addNote(line);
        sequences.addNote(line);
      } else this.#addLine('wrong-camera', number, this.#day.camera, line.camera);
      return;
    }
    const isRecovered = line.proof === 'unsigned' && text.includes('"recovered":true');
    const wrong = wrongPlaceOf(line, this.#day, isRecovered);
    if (wrong !== undefined) this.#addLine(wrong.kind, number, wrong.expected, wrong.found);
    // The numbers of another camera, or of another day, explain nothing here.
    if (wrong !== undefined && wrong.kind !== 'wrong-name') return;
    tally.addEntry(line);
    sequences.addEntry(line);
    if (isRecovered) {
      tally.recovered += 1;
      if (line.kind === 'frame') sequences.addUnnumbered(line.capturedAtMs);
    } else await lanes.start(() => this.#checkSignature(line, text, number));
    if (line.kind === 'frame' && (this.#only?.has(line.name) ?? true)) {
      await lanes.start(() => this.#checkFile(line, number));
    }
  }

  async #checkSignature(entry: RecordEntry, text: string, line: number): Promise<void> {
    const { tally, signatures, keys } = this.#parts;
    if (this.#only !== undefined) return;
    const place = { path: this.#recordPath(), line };
    const signed = signedPartOf(text);
    if (signed === 'altered') this.#addLine('altered-line', line);
    else if (signed === undefined) {
      tally.unsigned += 1;
      signatures.add(entry, place, 'none');
    } else if (keys.length === 0) {
      tally.keyNotKnown += 1;
      signatures.add(entry, place, 'right');
    } else if (await isSignedByOne(signed, keys)) {
      tally.proven += 1;
      signatures.add(entry, place, 'right');
    } else signatures.add(entry, place, 'wrong');
  }

  async #checkFile(frame: FrameEntry, line: number): Promise<void> {
    const { name } = frame;
    if (this.#claims.isDeleted(name)) {
      if (this.#claims.isLastOfName(name, line) && this.#day.look(name) !== undefined) {
        this.#add({ kind: 'unfinished-deletion', name });
      }
      return;
    }
    const isLastOfFrame = this.#claims.lastLineOf(frame, line) === line;
    const isLastOfName = this.#claims.isLastOfName(name, line);
    // A later line of the frame, or of the file, is the one that counts.
    if (!isLastOfName && (!isLastOfFrame || frame.epoch === undefined)) return;
    const fault = await this.#faultOf(frame);
    if (!isLastOfFrame) {
      if (fault === undefined) this.#add({ kind: 'used-twice', name, line });
      else if (fault.kind !== 'missing-file') this.#add({ ...fault, name });
    } else if (fault !== undefined) {
      const found = isLastOfName ? fault.found : 'the file of a later line';
      this.#add({ ...fault, kind: isLastOfName ? fault.kind : 'missing-file', found, name });
    }
  }

  async #faultOf({ name, byteCount, sha256 }: FrameEntry): Promise<Fault | undefined> {
    try {
      const look = this.#day.look(name);
      if (look === undefined) return { kind: 'missing-file' };
      if (!look.isFile) return { kind: 'no-file' };
      if (look.bytes !== byteCount) return sizeFault(byteCount, look.bytes);
      const hash = await this.#day.hashOf(name);
      if (hash === undefined) return { kind: 'missing-file' };
      this.#parts.tally.bytes += hash.bytes;
      this.#parts.onBytes(hash.bytes);
      if (hash.bytes !== byteCount) return sizeFault(byteCount, hash.bytes);
      if (hash.sha256 === sha256) return undefined;
      return { kind: 'wrong-bytes', expected: sha256, found: hash.sha256 };
    } catch (error) {
      return { kind: 'unreadable', found: describeError(error) };
    }
  }

  #recordPath(): string {
    return `${this.#day.path}/${recordName}`;
  }

  #addLine(kind: FindingKind, line: number, expected?: string, found?: string): void {
    if (this.#only === undefined)
      this.#push({ kind, path: this.#recordPath(), line, expected, found });
  }

  #add({ name, ...fault }: Fault & { readonly name: string }): void {
    if (this.#only?.has(name) === false) return;
    this.#push({ ...fault, path: `${this.#day.path}/${name}` });
  }

  #push(finding: Omit<Finding, 'camera'>): void {
    if (this.findings.length < maxFindings) {
      this.findings.push({ camera: this.#day.camera, ...finding });
    } else this.unlisted += 1;
  }
}

interface Fault {
  readonly kind: FindingKind;
  readonly line?: number;
  readonly expected?: string | undefined;
  readonly found?: string | undefined;
}

const sizeFault = (expected: number, found: number): Fault => {
  return { kind: 'wrong-size', expected: `${expected} bytes`, found: `${found} bytes` };
};

const isDay = (name: string): boolean => /^\d{4}_\d\d_\d\d$/.test(name);
/** Epoch and sequence of a frame of a camera without a clock. */
const isUnclockedName = (name: string): boolean =>
  /^[0-9a-f]{16,32}-\d{1,16}(?:-\d{1,9})?\.jpg$/.test(name);

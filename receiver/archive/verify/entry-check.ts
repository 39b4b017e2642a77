/**
 * The checks of an entry that take time: of its signature, and of its frame's file. They are synchronous: a thread
 * waits for the disk, and a promise for each call costs more than the call.
 */
import { type KeyObject, createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, lstatSync, openSync, readSync } from 'node:fs';
import { describeError } from '../../../shared/cli/errors.js';
import type { FilePlace, LoadedFile, LocalPlace } from './day-folder.js';
import type { FindingKind } from './findings.js';
import { isSignedByOne } from './keys.js';
import { signedPartOf } from './signed-line.js';

/** What to check of an entry. */
export interface EntryJob<Place = FilePlace> {
  /** The line whose signature is checked. */
  readonly text?: string | undefined;
  readonly file?: FrameFile<Place> | undefined;
}

/** A frame's file, and what the record says about it. */
export interface FrameFile<Place = FilePlace> {
  /** Undefined: there is none. */
  readonly place: Place | undefined;
  readonly byteCount: number;
  readonly sha256: string;
  /** `epoch sequence`; undefined: of a raw frame. */
  readonly id?: string | undefined;
}

export interface EntryBatch {
  readonly jobs: readonly EntryJob<LocalPlace>[];
  /** Of the camera. */
  readonly keys: readonly KeyObject[];
}

export interface EntryResult {
  readonly signature?: SignatureState | undefined;
  readonly file?: FileResult | undefined;
}

/** `altered`: what follows the signed part changes its meaning; `unknown`: no key is known. */
export type SignatureState = 'right' | 'wrong' | 'none' | 'altered' | 'unknown';

export interface FileResult {
  readonly bytesRead: number;
  /** Undefined: it is as recorded. */
  readonly fault?: FileFault;
}

export interface FileFault {
  readonly kind: FindingKind;
  readonly expected?: string;
  readonly found?: string;
}

/** Longest piece of a file in memory: most frames are read at once. */
const maxPieceBytes = 1024 * 1024;
/** As of `Folder.openFile`: no link is followed, a pipe does not wait. */
const openFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
/** Of this thread. */
const piece = Buffer.allocUnsafeSlow(maxPieceBytes);

/** @returns a result for each job, in their order */
export function checkEntries({ jobs, keys }: EntryBatch): EntryResult[] {
  return jobs.map(({ text, file }) => ({
    signature: text === undefined ? undefined : signatureOf(text, keys),
    file: file && checkFile(file),
  }));
}

function signatureOf(text: string, keys: readonly KeyObject[]): SignatureState {
  const signed = signedPartOf(text);
  if (signed === 'altered') return 'altered';
  if (signed === undefined) return 'none';
  if (keys.length === 0) return 'unknown';
  return isSignedByOne(signed, keys) ? 'right' : 'wrong';
}

function checkFile({ place, ...recorded }: FrameFile<LocalPlace>): FileResult {
  if (place === undefined) return missing;
  if ('fd' in place) return checkPart(place, recorded);
  return 'path' in place ? checkPath(place, recorded) : checkLoaded(place, recorded);
}

type Recorded = Omit<FrameFile, 'place'>;
const missing: FileResult = { bytesRead: 0, fault: { kind: 'missing-file' } };

/** An object: an agent's repeat of a frame is recognized by its metadata. */
function checkLoaded(file: LoadedFile, { byteCount, sha256, id }: Recorded): FileResult {
  if (!('content' in file)) {
    const { unreadable: found } = file;
    return found === undefined ? missing : { bytesRead: 0, fault: { kind: 'unreadable', found } };
  }
  const { content, metadata } = file;
  const { length: bytesRead } = content;
  if (bytesRead === 0 && metadata.deleted !== undefined) {
    const found = `an empty object with deleted: ${metadata.deleted}`;
    return { bytesRead, fault: { kind: 'missing-file', found } };
  }
  if (bytesRead !== byteCount) return wrongSize(byteCount, bytesRead, bytesRead);
  const hash = createHash('sha256').update(content).digest('hex');
  if (hash !== sha256) {
    return { bytesRead, fault: { kind: 'wrong-bytes', expected: sha256, found: hash } };
  }
  const named = { sha256: metadata.sha256 ?? sha256, frame: metadata.frame };
  const wrong = (expected: string, found: string): FileResult => ({
    ...{ bytesRead, fault: { kind: 'wrong-metadata', expected, found } },
  });
  if (named.sha256 !== sha256) return wrong(`sha256 ${sha256}`, `sha256 ${named.sha256}`);
  if (id === undefined || named.frame === undefined || named.frame.startsWith(`${id} `)) {
    return { bytesRead };
  }
  return wrong(`frame ${id}`, `frame ${named.frame}`);
}

/** A file in a zip file. */
function checkPart(
  { fd, atByte, bytes }: Extract<FilePlace, { fd: number }>,
  recorded: Recorded,
): FileResult {
  if (bytes !== recorded.byteCount) return wrongSize(recorded.byteCount, bytes);
  try {
    return compare(fd, atByte, bytes, recorded);
  } catch (error) {
    return { bytesRead: 0, fault: { kind: 'unreadable', found: describeError(error) } };
  }
}

function checkPath(
  { path, shownPath }: Extract<FilePlace, { path: string }>,
  recorded: Recorded,
): FileResult {
  try {
    // Nothing is opened but a file: the open of a device may do something.
    const look = lstatSync(path, { throwIfNoEntry: false });
    if (look === undefined) return missing;
    if (!look.isFile()) return noFile;
    if (look.size !== recorded.byteCount) return wrongSize(recorded.byteCount, look.size);
    const fd = openSync(path, openFlags);
    try {
      // One byte more than it has: the file may grow.
      return fstatSync(fd).isFile() ? compare(fd, 0, recorded.byteCount + 1, recorded) : noFile;
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    if (error instanceof Error) error.message = error.message.replaceAll(path, shownPath);
    return { bytesRead: 0, fault: { kind: 'unreadable', found: describeError(error) } };
  }
}

const noFile: FileResult = { bytesRead: 0, fault: { kind: 'no-file' } };

/** @throws a system error */
function compare(
  fd: number,
  atByte: number,
  maxBytes: number,
  { byteCount, sha256: expected }: Recorded,
): FileResult {
  const hash = createHash('sha256');
  let bytesRead = 0;
  while (bytesRead < maxBytes) {
    const wanted = Math.min(piece.length, maxBytes - bytesRead);
    const count = readSync(fd, piece, 0, wanted, atByte + bytesRead);
    if (count === 0) break;
    hash.update(piece.subarray(0, count));
    bytesRead += count;
    if (count < wanted) break;
  }
  if (bytesRead !== byteCount) return wrongSize(byteCount, bytesRead, bytesRead);
  const found = hash.digest('hex');
  if (found === expected) return { bytesRead };
  return { bytesRead, fault: { kind: 'wrong-bytes', expected, found } };
}

function wrongSize(expected: number, found: number, bytesRead = 0): FileResult {
  return {
    bytesRead,
    fault: { kind: 'wrong-size', expected: `${expected} bytes`, found: `${found} bytes` },
  };
}

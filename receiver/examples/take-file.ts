/**
 * One connection, one file: the bytes up to the sender's end are published under a free name, whole or not at
 * all.
 *
 * A stream has no length. A broken network shows as an error, but a killed sender shows as an orderly end: its
 * kernel closes the connection. So at the end the receiver writes to the sender. One that closed only its own
 * side (`cat x | socat -`) accepts that; the kernel of a dead one answers with a reset, and the next write fails.
 * A file whose end marker proves it whole is stored in that case too: `socat -u` closes both sides at once.
 */
import { randomUUID } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import type { Clock } from '../../shared/clock.js';
import { makeDirectories } from '../../shared/files/durable-file.js';
import { OperationalError } from '../../shared/cli/errors.js';
import { clockedPath } from '../../shared/protocol/frame-path.js';
import { formatSize } from '../../shared/cli/units.js';
import { Folder, openOrMake } from '../store/folder.js';
import { type FileAt, publishFile } from '../store/publish.js';
import { storeError } from '../store/store-error.js';
import { incomingFolder, removeAbandonedIn } from '../store/unfinished.js';
import { type DetectedKind, detectKind, headBytes, tailBytes } from './file-kind.js';

export interface TakeFileSettings {
  readonly directory: string;
  readonly maxBytes: number;
  readonly idleTimeoutMs: number;
  readonly clock: Clock;
}

export interface TakenFile {
  readonly name: string;
  readonly byteCount: number;
}

/** The reset of a dead sender's kernel arrives within this time; socat waits 500 ms for the answer. */
const resetWaitMs = 300;
/** More files than one millisecond can bring. */
const maxSameName = 1000;

/**
 * Receives the file. The answer to the sender is its name, or why it was discarded.
 * @throws {OperationalError} LINK: cut, idle or closed early; PROTOCOL: too large, empty or incomplete; STORE: the
 *   disk. No file is stored then.
 */
export async function takeFile(socket: Socket, settings: TakeFileSettings): Promise<TakenFile> {
  const { directory, idleTimeoutMs, clock } = settings;
  socket.on('error', () => undefined); // reading and writing report it
  socket.setTimeout(idleTimeoutMs, () => {
    socket.destroy(new OperationalError('LINK', `no data received for ${idleTimeoutMs} ms`));
  });
  const name = `${randomUUID()}.part`;
  let folders: TargetFolders | undefined;
  try {
    folders = await openFolders(directory);
    const temporary = { folder: folders.incoming, name };
    const file = await openTemporary(temporary, clock.nowMs());
    let received: Received;
    try {
      received = await receive(socket, file, settings.maxBytes);
      await write(socket, `${received.byteCount} bytes`).catch(() => undefined); // the next write fails too
      await Promise.all([clock.sleep(resetWaitMs), flush(file, directory)]);
    } finally {
      await file.close();
    }
    const { byteCount, kind } = received;
    const isSenderOpen = await write(socket, ', ').then(
      () => true,
      () => false,
    );
    if (kind.isWhole === false) throw refusal('the file is not whole: its end is missing');
    if (!isSenderOpen && kind.isWhole === undefined) throw senderClosed();
    const final = await publish(temporary, folders.directory, kind, clock);
    await write(socket, `stored as ${final}\n`).catch(() => undefined); // closed: the file stays stored
    return { name: final, byteCount };
  } catch (error) {
    folders?.incoming.removeIfThere(name);
    const failure = asOperational(error);
    await write(socket, `not kept: ${failure.message}\n`).catch(() => undefined);
    throw failure;
  } finally {
    await folders?.incoming.close();
    await folders?.directory.close();
  }
}

interface Received {
  readonly byteCount: number;
  readonly kind: DetectedKind;
}

interface TargetFolders {
  readonly directory: Folder;
  /** Inside it: unfinished files. */
  readonly incoming: Folder;
}

async function openFolders(path: string): Promise<TargetFolders> {
  try {
    await makeDirectories(path, 0o700);
    const directory = await Folder.open(path);
    try {
      return { directory, incoming: await openOrMake(directory, incomingFolder, 0o700) };
    } catch (error) {
      await directory.close();
      throw error;
    }
  } catch (cause) {
    throw storeError(`cannot write in ${join(path, incomingFolder)}`, cause);
  }
}

async function openTemporary({ folder, name }: FileAt, nowMs: number): Promise<FileHandle> {
  try {
    await removeAbandonedIn(folder, nowMs);
    return await folder.createFile(name, 0o640);
  } catch (cause) {
    throw storeError(`cannot write in ${folder.path}`, cause);
  }
}

/** Writes the bytes up to the sender's end. */
async function receive(socket: Socket, file: FileHandle, maxBytes: number): Promise<Received> {
  let byteCount = 0;
  let head: Buffer = Buffer.alloc(0);
  let tail: Buffer = Buffer.alloc(0);
  // destroyOnReturn would close the socket before the answer is sent.
  for await (const piece of socket.iterator({ destroyOnReturn: false })) {
    const chunk = piece as Buffer;
    byteCount += chunk.length;
    if (byteCount > maxBytes) {
      const limit = formatSize(maxBytes);
      throw refusal(`the file is larger than ${limit}, the limit set by --max-size`);
    }
    if (head.length < headBytes) head = Buffer.concat([head, chunk]).subarray(0, headBytes);
    tail = Buffer.concat([tail, chunk.subarray(-tailBytes)]).subarray(-tailBytes);
    await writeChunk(file, chunk);
  }
  if (byteCount === 0) throw refusal('no data received');
  return { byteCount, kind: detectKind(head, tail) };
}

async function writeChunk(file: FileHandle, chunk: Buffer): Promise<void> {
  try {
    // writeFile continues after a short write, where that one ended.
    await file.writeFile(chunk);
  } catch (cause) {
    throw storeError('cannot write the file', cause);
  }
}

async function flush(file: FileHandle, directory: string): Promise<void> {
  try {
    await file.sync();
  } catch (cause) {
    throw storeError(`cannot write in ${directory}`, cause);
  }
}

/** Names the file by the time of its end, never over another file. */
async function publish(
  temporary: FileAt,
  directory: Folder,
  { extension }: DetectedKind,
  clock: Clock,
): Promise<string> {
  const capturedAtMs = clock.nowMs();
  const utcOffsetMinutes = clock.utcOffsetMinutes(capturedAtMs);
  const { stem } = clockedPath('', { capturedAtMs, utcOffsetMinutes });
  try {
    for (let n = 1; n <= maxSameName; n += 1) {
      const name = `${stem}${n === 1 ? '' : `-${n}`}${extension}`;
      if (!(await publishFile(temporary, { folder: directory, name }))) continue;
      await directory.sync();
      return name;
    }
  } catch (cause) {
    throw storeError(`cannot write in ${directory.path}`, cause);
  }
  throw new OperationalError('STORE', `every name from ${stem} on is taken in ${directory.path}`);
}

/** Resolves when the system has the text. @throws a system error when the connection is closed */
function write(socket: Socket, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.write(text, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}

const refusal = (message: string): OperationalError => new OperationalError('PROTOCOL', message);

function senderClosed(): OperationalError {
  return new OperationalError(
    'LINK',
    'the sender closed without the answer: the file may be cut off',
    {
      hint: 'send with a program that waits for the answer: cat FILE | socat - TCP:HOST:PORT',
    },
  );
}

function asOperational(error: unknown): OperationalError {
  if (error instanceof OperationalError) return error;
  return new OperationalError('LINK', 'the connection broke', { cause: error });
}

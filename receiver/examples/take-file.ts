/**
 * One connection, one file: what comes until the sender ends is published under a free name, whole or not at
 * all.
 *
 * A stream has no length. A network that breaks shows as an error, but a sender that is killed shows as an
 * orderly end (its kernel closes the connection for it). So when the end has come, a word is sent: a sender
 * that only closed its own side (`cat x | socat -`) takes it, a dead one's kernel answers with a reset, and the
 * next word fails. What then says by its own bytes that it is whole is taken all the same: `socat -u` leaves
 * without listening.
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
import { type Judgement, headBytes, judgeFile, tailBytes } from './file-kind.js';

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

/** In which the reset of a dead sender's kernel arrives; socat waits half a second for us. */
const listenMs = 300;
/** More equal names than a millisecond can have. */
const maxSameName = 1000;

/**
 * Takes the file. The sender is told its name, or why it is not kept.
 * @throws {OperationalError} LINK: cut, silent or gone; PROTOCOL: too large, empty or half a file; STORE: the
 *   disk. No file is there then.
 */
export async function takeFile(socket: Socket, settings: TakeFileSettings): Promise<TakenFile> {
  const { directory, idleTimeoutMs, clock } = settings;
  socket.on('error', () => undefined); // comes out of reading and writing
  socket.setTimeout(idleTimeoutMs, () => {
    socket.destroy(new OperationalError('LINK', `it was silent for ${idleTimeoutMs} ms`));
  });
  const name = `${randomUUID()}.part`;
  let places: TakePlaces | undefined;
  try {
    places = await openPlaces(directory);
    const temporary = { folder: places.incoming, name };
    const file = await openTemporary(temporary, clock.nowMs());
    let received: Received;
    try {
      received = await receive(socket, file, settings.maxBytes);
      await say(socket, `${received.byteCount} bytes`).catch(() => undefined); // the next one tells
      await Promise.all([clock.sleep(listenMs), flushed(file, directory)]);
    } finally {
      await file.close();
    }
    const { byteCount, judgement } = received;
    const isListening = await say(socket, ', ').then(
      () => true,
      () => false,
    );
    if (judgement.isWhole === false) throw refusal('it is not whole: its end is missing');
    if (!isListening && judgement.isWhole === undefined) throw gone();
    const final = await publish(temporary, places.directory, judgement, clock);
    await say(socket, `stored as ${final}\n`).catch(() => undefined); // it left: stored all the same
    return { name: final, byteCount };
  } catch (error) {
    await places?.incoming.removeIfThere(name);
    const failure = asOperational(error);
    await say(socket, `not kept: ${failure.message}\n`).catch(() => undefined);
    throw failure;
  } finally {
    await places?.incoming.close();
    await places?.directory.close();
  }
}

interface Received {
  readonly byteCount: number;
  readonly judgement: Judgement;
}

interface TakePlaces {
  readonly directory: Folder;
  /** In it: what is not whole yet. */
  readonly incoming: Folder;
}

async function openPlaces(path: string): Promise<TakePlaces> {
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

/** Writes what comes until the sender's end. */
async function receive(socket: Socket, file: FileHandle, maxBytes: number): Promise<Received> {
  let byteCount = 0;
  let head: Buffer = Buffer.alloc(0);
  let tail: Buffer = Buffer.alloc(0);
  // destroyOnReturn would cut off what we still have to say.
  for await (const piece of socket.iterator({ destroyOnReturn: false })) {
    const chunk = piece as Buffer;
    byteCount += chunk.length;
    if (byteCount > maxBytes) throw refusal(`it is larger than ${formatSize(maxBytes)}`);
    if (head.length < headBytes) head = Buffer.concat([head, chunk]).subarray(0, headBytes);
    tail = Buffer.concat([tail, chunk.subarray(-tailBytes)]).subarray(-tailBytes);
    await written(file, chunk);
  }
  if (byteCount === 0) throw refusal('nothing came');
  return { byteCount, judgement: judgeFile(head, tail) };
}

async function written(file: FileHandle, chunk: Buffer): Promise<void> {
  try {
    // writeFile goes on after a short write, from where the last one ended.
    await file.writeFile(chunk);
  } catch (cause) {
    throw storeError('cannot write the file', cause);
  }
}

async function flushed(file: FileHandle, directory: string): Promise<void> {
  try {
    await file.sync();
  } catch (cause) {
    throw storeError(`cannot write in ${directory}`, cause);
  }
}

/** Named by the moment it was whole, never over another file. */
async function publish(
  temporary: FileAt,
  directory: Folder,
  { extension }: Judgement,
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

/** Resolves when the words are with the system. @throws a system error when the connection is gone */
function say(socket: Socket, words: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.write(words, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}

const refusal = (message: string): OperationalError => new OperationalError('PROTOCOL', message);

function gone(): OperationalError {
  return new OperationalError('LINK', 'the sender was gone at the end: it may have been cut off', {
    hint: 'send it with something that waits for the answer: cat FILE | socat - TCP:HOST:PORT',
  });
}

function asOperational(error: unknown): OperationalError {
  if (error instanceof OperationalError) return error;
  return new OperationalError('LINK', 'the connection broke', { cause: error });
}

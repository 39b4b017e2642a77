/** Servers that do a part of what a receiver does, and nothing else: what its other work costs is the difference. */
import { createHash, createPublicKey } from 'node:crypto';
import { closeSync, fsync, linkSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { maxHeaderBytes } from '../../../shared/protocol/protocol-limits.js';
import { isSignedBy } from '../../../shared/protocol/statement.js';
import { MessageDecoder, type WireMessage } from '../../../shared/protocol/wire.js';

/** Sent with each frame to the server that flushes. */
export interface BareHeader {
  readonly sha256: string;
  readonly statement: string;
  readonly signature: string;
}

/** A byte back for each message that `store` has stored. Prints its port. */
function serve(maxBodyBytes: number, store: (message: WireMessage) => Promise<void>): void {
  const server = createServer({ noDelay: true }, (socket) => {
    const decoder = new MessageDecoder({ maxHeaderBytes, maxBodyBytes });
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      for (const message of decoder.push(chunk)) {
        void store(message).then(() => socket.write('.'));
      }
    });
  });
  server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
}

/** No check, no flush. */
export function serveUnflushed(directory: string, maxBodyBytes: number): void {
  let count = 0;
  serve(maxBodyBytes, ({ body }) =>
    writeFile(join(directory, `${Date.now()}-${count++}.jpg`), body),
  );
}

const flush = promisify(fsync);

/**
 * What no receiver can leave out: hash, signature, a temporary file that is flushed and linked to its name, a line, a
 * flush of the folder, which frames share. It takes any name, answers anything, and finds no repeat.
 */
export function serveFlushed(directory: string, maxBodyBytes: number, publicKey: string): void {
  const key = createPublicKey(publicKey);
  const record = openSync(join(directory, 'record.jsonl'), 'a');
  const folder = openSync(directory, 'r');
  let count = 0;
  let running = Promise.resolve();
  let next: Promise<void> | undefined;
  // A flush that has begun may miss the newest name.
  const flushFolder = (): Promise<void> => {
    next ??= running.then(() => {
      next = undefined;
      running = flush(folder);
      return running;
    });
    return next;
  };
  serve(maxBodyBytes, async ({ header, body }) => {
    const { sha256, ...signed } = header as Partial<BareHeader>;
    const { statement = '', signature = '' } = signed;
    if (createHash('sha256').update(body).digest('hex') !== sha256) throw new Error('wrong hash');
    if (!isSignedBy({ statement, signature }, key)) throw new Error('wrong signature');
    const path = join(directory, `${Date.now()}-${count++}.jpg`);
    const file = openSync(`${path}.part`, 'wx');
    writeSync(file, body);
    await flush(file);
    closeSync(file);
    linkSync(`${path}.part`, path);
    unlinkSync(`${path}.part`);
    writeSync(record, `${statement.slice(0, -1)},"sig":"${signature}","delay":1}\n`);
    await flushFolder();
  });
}

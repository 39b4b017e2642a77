import { once } from 'node:events';
import { readFileSync, readdirSync } from 'node:fs';
import { type AddressInfo, type Socket, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type TakenFile, takeFile } from '../../../receiver/examples/take-file.js';
import { systemClock } from '../../../shared/clock.js';
import { temporaryDirectory } from '../../support/temporary.js';

const pdf = Buffer.concat([
  Buffer.from('%PDF-1.7\n'),
  Buffer.alloc(500_000, 7),
  Buffer.from('%%EOF\n'),
]);
const anything = Buffer.alloc(300_000, 'any file');

/** A connection whose data is received as a file. */
async function transfer(settings: { maxBytes?: number; idleTimeoutMs?: number } = {}) {
  const directory = temporaryDirectory();
  const limits = { maxBytes: 1_000_000, idleTimeoutMs: 20_000, ...settings };
  let receiving: Promise<TakenFile> | undefined;
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    receiving = takeFile(socket, { directory, clock: systemClock, ...limits }).finally(() =>
      socket.destroy(),
    );
    receiving.catch(() => undefined);
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const sender: Socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  await Promise.all([once(sender, 'connect'), once(server, 'connection')]);
  const stored = (): string[] => readdirSync(directory).filter((name) => name !== '.incoming');
  const unfinished = (): string[] => readdirSync(join(directory, '.incoming'));
  return {
    directory,
    sender,
    stored,
    unfinished,
    taken: (): Promise<TakenFile> => receiving ?? expect.unreachable(),
  };
}

describe('a file over a connection', () => {
  it.each([
    ['a PDF', pdf, /^\d{4}(_\d\d){5}_\d{3}[+-]\d{4}\.pdf$/],
    ['any bytes', anything, /^\d{4}(_\d\d){5}_\d{3}[+-]\d{4}$/],
  ])('%s: is stored byte for byte, and the answer has its name', async (_, bytes, name) => {
    const { directory, sender, stored, unfinished, taken } = await transfer();
    sender.end(bytes);
    const answer = await text(sender);
    const file = await taken();
    expect(file.name).toMatch(name);
    expect(answer).toBe(`${bytes.length} bytes, stored as ${file.name}\n`);
    expect(readFileSync(join(directory, file.name)).equals(bytes)).toBe(true);
    expect(stored()).toEqual([file.name]);
    expect(unfinished()).toEqual([]);
  });

  it('with its end marker is stored, although the sender does not wait for the answer', async () => {
    const { sender, stored, taken } = await transfer();
    sender.end(pdf, () => sender.destroy());
    await taken();
    expect(stored()).toHaveLength(1);
  });

  it.each([
    ['by a sender that was killed', (sender: Socket) => sender.destroy(), 'LINK'],
    ['by a reset', (sender: Socket) => sender.resetAndDestroy(), 'LINK'],
  ])('cut %s leaves no file', async (_, cut, code) => {
    const { sender, stored, unfinished, taken } = await transfer();
    sender.write(anything.subarray(0, 100_000), () => cut(sender));
    await expect(taken()).rejects.toMatchObject({ code });
    expect([stored(), unfinished()]).toEqual([[], []]);
  });

  it('of half a PDF leaves no file, and the answer says why', async () => {
    const { sender, stored, taken } = await transfer();
    sender.end(pdf.subarray(0, 100_000));
    expect(await text(sender)).toBe(
      '100000 bytes, not kept: the file is not whole: its end is missing\n',
    );
    await expect(taken()).rejects.toMatchObject({ code: 'PROTOCOL' });
    expect(stored()).toEqual([]);
  });

  it('above --max-size leaves no file', async () => {
    const { sender, stored, unfinished, taken } = await transfer({ maxBytes: 1000 });
    sender.on('error', () => undefined);
    sender.end(anything);
    await expect(taken()).rejects.toMatchObject({
      code: 'PROTOCOL',
      message: 'the file is larger than 1kB, the limit set by --max-size',
    });
    expect([stored(), unfinished()]).toEqual([[], []]);
  });

  it('that never ends leaves no file after the idle timeout', async () => {
    const { sender, stored, taken } = await transfer({ idleTimeoutMs: 100 });
    sender.on('error', () => undefined);
    sender.write('half');
    await expect(taken()).rejects.toMatchObject({ code: 'LINK' });
    expect(stored()).toEqual([]);
  });

  it('without data leaves no file', async () => {
    const { sender, taken } = await transfer();
    sender.end();
    await expect(taken()).rejects.toMatchObject({ code: 'PROTOCOL', message: 'no data received' });
  });
});

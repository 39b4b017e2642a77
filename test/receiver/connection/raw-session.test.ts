/** Bare JPEGs over real sockets. With real socat: test/integration/raw.test.ts. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { eventually } from '../../support/eventually.js';
import { filesBelow, unfinishedBelow } from '../../support/files.js';
import { makeJpeg } from '../../support/pictures.js';
import { speakTo, startReceiver } from '../../support/receiver.js';

describe('a raw connection', () => {
  it('stores a picture byte for byte, under its address', async () => {
    const { port, directory } = await startReceiver();
    const { socket, heard } = speakTo(port);
    socket.end(makeJpeg(1));
    expect((await heard).toString()).toBe('');
    const [name = ''] = filesBelow(directory);
    expect(name).toMatch(/^raw-127-0-0-1\/\d{4}_\d\d_\d\d\/\d{4}(_\d\d){5}_\d{3}[+-]\d{4}\.jpg$/);
    expect(readFileSync(join(directory, name))).toEqual(makeJpeg(1));
  });

  it('stores several pictures back to back, each when its end arrives', async () => {
    const { port, directory } = await startReceiver();
    const { socket, heard } = speakTo(port);
    socket.write(Buffer.concat([makeJpeg(1), makeJpeg(2), makeJpeg(3).subarray(0, 100)]));
    await eventually(() => filesBelow(directory).length === 2, 'two files');
    socket.end(makeJpeg(3).subarray(100));
    await heard;
    const kept = filesBelow(directory).map((name) => readFileSync(join(directory, name)));
    expect(kept).toEqual([makeJpeg(1), makeJpeg(2), makeJpeg(3)]);
  });

  it('that ends inside a picture keeps the whole ones, and no file of the incomplete one', async () => {
    const { port, directory, lines } = await startReceiver();
    const { socket, heard } = speakTo(port);
    socket.end(Buffer.concat([makeJpeg(1), makeJpeg(2).subarray(0, 300)]));
    expect((await heard).toString()).toContain('not whole');
    expect(filesBelow(directory)).toHaveLength(1);
    expect(unfinishedBelow(directory)).toEqual([]);
    expect(lines.join('\n')).toContain('incomplete raw frame');
  });

  it('that is reset keeps the whole pictures', async () => {
    const { port, directory, lines } = await startReceiver();
    const { socket } = speakTo(port);
    socket.write(Buffer.concat([makeJpeg(1), makeJpeg(2).subarray(0, 300)]));
    await eventually(() => filesBelow(directory).length === 1, 'a file');
    socket.resetAndDestroy();
    await eventually(() => lines.some((line) => line.includes('connection closed')), 'the end');
    expect(filesBelow(directory)).toHaveLength(1);
    expect(unfinishedBelow(directory)).toEqual([]);
  });

  it('with a damaged picture gets the reason, and is closed', async () => {
    const { port, directory } = await startReceiver();
    const { socket, heard } = speakTo(port);
    socket.write(Buffer.from('ffd8ffe00000', 'hex'));
    expect((await heard).toString()).toContain('the JPEG is damaged');
    expect(filesBelow(directory)).toEqual([]);
  });

  it('with a picture above --max-frame gets the limit, and is closed', async () => {
    const { port, directory } = await startReceiver({ maxFrameBytes: 1024 });
    const { socket, heard } = speakTo(port);
    socket.write(Buffer.concat([makeJpeg(1), Buffer.alloc(4096)]));
    socket.write(makeJpeg(1, { widthPx: 200, heightPx: 200 }));
    expect((await heard).toString()).toContain('1KiB, the limit set by --max-frame');
    expect(filesBelow(directory).length).toBeLessThanOrEqual(1);
  });

  it('without data for the idle timeout is closed, and leaves no file', async () => {
    const { port, directory, lines } = await startReceiver({ idleTimeoutMs: 50 });
    const { socket, heard } = speakTo(port);
    socket.write(makeJpeg(1).subarray(0, 300));
    await heard;
    expect(lines.join('\n')).toContain('no data received for 50 ms');
    expect([...filesBelow(directory), ...unfinishedBelow(directory)]).toEqual([]);
  });
});

describe('a connection in another protocol', () => {
  it('gets a line that says what this port is, and is closed', async () => {
    const { port, lines } = await startReceiver();
    const { socket, heard } = speakTo(port);
    socket.write('GET / HTTP/1.1\r\n\r\n');
    expect((await heard).toString()).toMatch(/^this is a picchanged receiver.*\n$/);
    await eventually(
      () => lines.join('\n').includes('neither JPEGs nor the framed protocol'),
      'a log line',
    );
  });

  it('that closes without data logs no warning', async () => {
    const { port, lines } = await startReceiver();
    const { socket, heard } = speakTo(port);
    socket.end();
    await heard;
    expect(lines.filter((line) => line.startsWith('<4>'))).toEqual([]);
  });

  it('above --max-connections gets a refusal, and the others are served on', async () => {
    const { port, directory } = await startReceiver({ maxConnections: 1 });
    const first = speakTo(port);
    first.socket.write(makeJpeg(1).subarray(0, 300));
    await eventually(
      () => first.socket.bytesWritten > 0 && !first.socket.connecting,
      'a connection',
    );
    const second = speakTo(port);
    second.socket.write(makeJpeg(2));
    expect((await second.heard).toString()).toContain('--max-connections');
    first.socket.end(makeJpeg(1).subarray(300));
    await first.heard;
    expect(filesBelow(directory)).toHaveLength(1);
  });
});

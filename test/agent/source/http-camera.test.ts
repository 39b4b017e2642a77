/** IP cameras over HTTP: snapshots, MJPEG, passwords, and cameras that answer something else. */
import { createHash } from 'node:crypto';
import { chmodSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { type RequestListener, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { cameraAddress } from '../../../agent/source/camera-address.js';
import { openHttpCamera } from '../../../agent/source/http-camera.js';
import { describeError } from '../../../shared/cli/errors.js';
import { systemClock } from '../../../shared/clock.js';
import { makeJpeg } from '../../support/pictures.js';
import { temporaryDirectory } from '../../support/temporary.js';
import { closing, next } from '../../support/written-frames.js';

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, 'listening');
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function open(
  text: string,
  { maxFrameBytes = 1_000_000, quietTimeoutMs = 20_000, clock = systemClock } = {},
) {
  const address = await cameraAddress(text, undefined, undefined);
  const settings = { address, clock, maxFrameBytes, quietTimeoutMs };
  return closing(Promise.resolve(openHttpCamera(settings)));
}

const failure = async (text: string, settings = {}): Promise<string> =>
  describeError(await next(await open(text, settings)).catch((error: unknown) => error));

function sendSnapshot(response: ServerResponse, jpeg: Buffer): void {
  response.writeHead(200, { 'content-type': 'image/jpeg' }).end(jpeg);
}

const streamHead = { 'content-type': 'multipart/x-mixed-replace; boundary="--my boundary"' };

describe('an IP camera over HTTP', () => {
  it('gives a snapshot for each call, byte for byte', async () => {
    let count = 0;
    const host = await serve((_, response) => sendSnapshot(response, makeJpeg((count += 1))));
    const source = await open(`http://${host}/snapshot.jpg`);
    for (const shade of [1, 2, 3]) expect((await next(source)).jpeg).toEqual(makeJpeg(shade));
    expect(source.pace).toBe('shots');
  });

  it('gives the frames of a stream, and opens it again when it ends', async () => {
    let count = 0;
    const host = await serve((_, response) => {
      response.writeHead(200, streamHead);
      response.write('----my boundary\r\nContent-Type: image/jpeg\r\nContent-Length: 7\r\n\r\n');
      response.end(makeJpeg((count += 1)));
    });
    const source = await open(`http://${host}/video.mjpg`);
    for (const shade of [1, 2, 3]) expect((await next(source)).jpeg).toEqual(makeJpeg(shade));
    // A stream of one frame: the next request waits as long as for a snapshot.
    expect(source.pace).toBe('shots');
  });

  it('takes the frames of a stream from one answer', async () => {
    let requests = 0;
    const host = await serve((_, response) => {
      requests += 1;
      response.writeHead(200, streamHead);
      const timer = setInterval(() => response.write(makeJpeg(requests)), 10);
      response.on('close', () => clearInterval(timer));
    });
    const source = await open(`http://${host}/video.mjpg`);
    for (let count = 0; count < 5; count += 1)
      expect((await next(source)).jpeg).toEqual(makeJpeg(1));
    expect(source.pace).toBe('stream');
    expect(requests).toBe(1);
  });

  it('sets two timers for all frames of a stream: for its answer, and for its silence', async () => {
    const host = await serve((_, response) => {
      response.writeHead(200, streamHead);
      const timer = setInterval(() => response.write(makeJpeg(1)), 10);
      response.on('close', () => clearInterval(timer));
    });
    let sleeps = 0;
    const sleep = (ms: number, signal: AbortSignal): Promise<void> => {
      sleeps += 1;
      return systemClock.sleep(ms, signal);
    };
    const source = await open(`http://${host}/video.mjpg`, { clock: { ...systemClock, sleep } });
    const { signal } = new AbortController();
    for (let count = 0; count < 10; count += 1) await source.next(signal);
    expect(sleeps).toBe(2);
  });

  it('finds each frame for any part headers, line ends, boundaries and chunks', async () => {
    const comment = Buffer.from('\r\n----my boundary\r\nContent-Type: image/jpeg\r\n\r\n');
    const head = Buffer.from([0xff, 0xfe, 0, comment.length + 2]);
    const jpeg = Buffer.concat([
      makeJpeg(1).subarray(0, 2),
      head,
      comment,
      makeJpeg(1).subarray(2),
    ]);
    const eol = fc.constantFrom('\r\n', '\n', '\n\r\n', '');
    const between = fc
      .tuple(fc.string({ unit: 'grapheme-ascii' }), eol)
      .map(([text, end]) => text + end);
    await fc.assert(
      fc.asyncProperty(between, fc.integer({ min: 1, max: 400 }), async (text, chunkBytes) => {
        const host = await serve((_, response) => {
          response.writeHead(200, streamHead);
          const bytes = Buffer.concat([Buffer.from(text), jpeg, Buffer.from(text)]);
          for (let at = 0; at < bytes.length; at += chunkBytes)
            response.write(bytes.subarray(at, at + chunkBytes));
        });
        const source = await open(`http://${host}/`);
        expect((await next(source)).jpeg.equals(jpeg)).toBe(true);
        await source.close();
      }),
      { numRuns: 30 },
    );
  });

  it.each([
    ['MD5', 'md5'],
    ['SHA-256', 'sha256'],
  ])('answers a demand for digest authentication with %s', async (algorithm, name) => {
    const hash = (text: string) => createHash(name).update(text).digest('hex');
    const host = await serve((request, response) => {
      const given = request.headers.authorization ?? '';
      const field = (key: string) => new RegExp(`[ ,]${key}="?([^",]+)`).exec(given)?.[1] ?? '';
      const middle = `n1:${field('nc')}:${field('cnonce')}:auth`;
      const secret = hash('admin:Cam, one:p:w"d');
      const expected = hash(`${secret}:${middle}:${hash('GET:/s.jpg?ch=1')}`);
      if (field('response') === expected) {
        sendSnapshot(response, makeJpeg(1));
        return;
      }
      const digest = `Digest realm="Cam, one", nonce="n1", qop="auth,auth-int", algorithm=${algorithm}`;
      response.writeHead(401, { 'www-authenticate': ['Basic realm="x"', digest] }).end();
    });
    const source = await open(`http://admin:p%3Aw%22d@${host}/s.jpg?ch=1`);
    expect((await next(source)).jpeg).toEqual(makeJpeg(1));
    expect(await failure(`http://admin:hunter2@${host}/s.jpg?ch=1`)).toContain(
      'refuses the user or the password (status 401)',
    );
  });

  it('answers a demand for basic authentication, and sends no password without one', async () => {
    const given: (string | undefined)[] = [];
    const host = await serve((request, response) => {
      given.push(request.headers.authorization);
      if (given.at(-1) === undefined)
        response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
      else sendSnapshot(response, makeJpeg(1));
    });
    await next(await open(`http://admin:secret@${host}/`));
    expect(given).toEqual([undefined, `Basic ${Buffer.from('admin:secret').toString('base64')}`]);
  });

  it.each([
    [401, {}, 'demands a user and a password'],
    [404, {}, 'has no such path'],
    [302, { location: 'http://192.0.2.1/' }, 'sends the agent to another address'],
    [500, {}, 'answers with status 500'],
    [200, { 'content-type': 'text/html' }, 'sends text/html, and no JPEG'],
  ])('says what is wrong with status %i', async (status, headers, message) => {
    const host = await serve((_, response) => response.writeHead(status, headers).end('<html>'));
    expect(await failure(`http://${host}/`)).toContain(message);
  });

  it('gives up a stream without frames, and skips frames above the limit', async () => {
    const host = await serve((_, response) => {
      response.writeHead(200, streamHead);
      response.write(makeJpeg(1));
    });
    const limits = { maxFrameBytes: 100, quietTimeoutMs: 300 };
    expect(await failure(`http://${host}/`, limits)).toMatch(
      /sent no complete frame in 300ms; .* larger than 100/,
    );
  });

  it('names no password and no query in its name and its errors', async () => {
    const address = 'http://admin:hunter2@127.0.0.1:1/a.jpg?pwd=hunter2';
    const source = await open(address);
    expect(source.name).toBe('camera http://127.0.0.1:1/a.jpg?…');
    const message = await failure(address);
    expect(message).toContain('cannot be reached');
    expect(message).not.toContain('hunter2');
  });
});

describe('--source-credentials', () => {
  it('reads one line that other users cannot read', async () => {
    const file = join(temporaryDirectory(), 'camera');
    writeFileSync(file, 'admin:a:b\n');
    chmodSync(file, 0o640);
    const read = () => cameraAddress('http://camera/', file, undefined);
    await expect(read()).rejects.toMatchObject({ code: 'USAGE', hint: `chmod 600 ${file}` });
    chmodSync(file, 0o600);
    expect((await read()).credentials).toEqual({ user: 'admin', password: 'a:b' });
    writeFileSync(file, 'two\nlines\n');
    await expect(read()).rejects.toMatchObject({ code: 'USAGE' });
  });
});

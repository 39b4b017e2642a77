/** IP cameras over RTSP: real servers and the real ffmpeg. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { decodeSmall } from '../../../agent/detect/decode.js';
import { cameraAddress } from '../../../agent/source/camera-address.js';
import { openRtspCamera } from '../../../agent/source/rtsp-camera.js';
import { describeError } from '../../../shared/cli/errors.js';
import { systemClock } from '../../../shared/clock.js';
import { missing } from '../../support/programs.js';
import { startRtspServer, whyNoRtsp } from '../../support/rtsp-server.js';
import { temporaryDirectory } from '../../support/temporary.js';
import { closing, failureOf, frameOf, next } from '../../support/written-frames.js';

async function open(text: string, { quietTimeoutMs = 20_000 } = {}) {
  const address = await cameraAddress(text, undefined, undefined);
  const limits = { clock: systemClock, maxFrameBytes: 1_000_000, quietTimeoutMs };
  return closing(
    Promise.resolve(
      openRtspCamera({ ...limits, address, intervalMs: undefined, isService: false }),
    ),
  );
}

const failure = async (text: string): Promise<string> =>
  describeError(await next(await open(text)).catch((error: unknown) => error));

/** A JPEG that RTP can carry: baseline, 4:2:0, with the standard Huffman tables. */
function standardJpeg(): string {
  const path = join(temporaryDirectory(), 'picture.jpg');
  const picture = ['-f', 'lavfi', '-i', 'testsrc=s=320x240', '-frames:v', '1'];
  const form = ['-pix_fmt', 'yuvj420p', '-huffman', 'default', path];
  const { status, stderr } = spawnSync('ffmpeg', ['-v', 'error', ...picture, ...form]);
  expect({ status, stderr: stderr.toString() }).toEqual({ status: 0, stderr: '' });
  return path;
}

/** The coded picture, behind the headers and before the end marker. */
function scan(jpeg: Buffer): Buffer {
  const start = jpeg.indexOf(Buffer.from([0xff, 0xda]));
  const header = 2 + jpeg.readUInt16BE(start + 2);
  return jpeg.subarray(start + header, jpeg.indexOf(Buffer.from([0xff, 0xd9]), start));
}

const why = whyNoRtsp();

describe.skipIf(why !== undefined)(
  `an IP camera over RTSP${why === undefined ? '' : ` (${why})`}`,
  () => {
    it('is here a server that has loaded its plugins before a client comes', async () => {
      const { child } = await startRtspServer();
      const maps = readFileSync(`/proc/${child.pid ?? 0}/maps`, 'utf8');
      for (const name of ['x264', 'rtp', 'rtpmanager', 'udp', 'app']) {
        expect(maps).toContain(`libgst${name}.so`);
      }
    });

    it('gives each frame of an H.264 stream as a JPEG', async () => {
      const { place } = await startRtspServer({ rate: '10/1', keyEvery: 20 });
      const source = await open(`rtsp://${place}`);
      expect(source).toMatchObject({ name: `camera rtsp://${place}`, pace: 'stream' });
      for (let count = 0; count < 15; count += 1) {
        const { jpeg } = await next(source);
        expect(decodeSmall(jpeg)).toMatchObject({ frameWidthPx: 320, frameHeightPx: 240 });
      }
    });

    it('passes on the pictures of an MJPEG stream without encoding them again', async () => {
      const picture = standardJpeg();
      const { place } = await startRtspServer({ picture });
      const source = await open(`rtsp://${place}`);
      const { jpeg } = await next(source);
      expect(scan(jpeg).equals(scan(readFileSync(picture)))).toBe(true);
      expect(decodeSmall(jpeg)).toMatchObject({ frameWidthPx: 320, frameHeightPx: 240 });
    });

    it.each(['basic', 'digest'] as const)('gives user and password (%s)', async (method) => {
      const password = `p@ss w%rd'"\\:/é`;
      const { place } = await startRtspServer({ user: 'admin', password, method });
      const spelled = encodeURIComponent(password);
      const source = await open(`rtsp://admin:${spelled}@${place}`);
      expect(decodeSmall((await next(source)).jpeg).frameWidthPx).toBe(320);
      const refused = await failure(`rtsp://admin:hunter2@${place}`);
      expect(refused).toContain(
        `camera rtsp://${place} refuses the user or the password (status 401)`,
      );
      expect(refused).not.toContain('hunter2');
      expect(await failure(`rtsp://${place}`)).toContain(
        'demands a user and a password (status 401)',
      );
    });

    it('says that the camera has no such path, or that nothing listens', async () => {
      const { place, port } = await startRtspServer();
      expect(await failure(`rtsp://${place}/nothing`)).toContain('has no such path (status 404)');
      expect(await failure(`rtsp://127.0.0.1:${port === 1 ? 2 : 1}/a?pwd=hunter2`)).toMatch(
        /^camera rtsp:\/\/127\.0\.0\.1:\d\/a\?… cannot be reached: .*ECONNREFUSED/,
      );
    });

    it('takes frames again when the camera was killed and started again', async () => {
      const first = await startRtspServer();
      const source = await open(`rtsp://${first.place}`);
      await next(source);
      await first.stop('SIGKILL');
      const failed = await failureOf(source);
      expect(failed).toMatch(/^camera rtsp:\S+ cannot be reached: /);
      expect(await next(source).catch(describeError)).toBe(failed);
      await startRtspServer({ port: first.port });
      await frameOf(source);
    });

    it('ends the silence of a camera that stopped, and takes frames when it goes on', async () => {
      const camera = await startRtspServer();
      const source = await open(`rtsp://${camera.place}`, { quietTimeoutMs: 3000 });
      await next(source);
      camera.child.kill('SIGSTOP');
      const failed = await failureOf(source);
      expect(failed).toContain('does not answer within 3s');
      expect(await next(source).catch(describeError)).toBe(failed);
      camera.child.kill('SIGCONT');
      await frameOf(source);
    });

    it('waits for the frames of a slow camera', async () => {
      const { place } = await startRtspServer({ rate: '1/2', keyEvery: 1 });
      const source = await open(`rtsp://${place}`);
      const times = [];
      for (let count = 0; count < 3; count += 1) times.push((await next(source)).capturedAtMs);
      expect(new Set(times).size).toBe(3);
    });

    it('starts ffmpeg again when that was killed', async () => {
      const { place } = await startRtspServer();
      const source = await open(`rtsp://${place}`);
      await next(source);
      spawnSync('pkill', ['-KILL', '--parent', String(process.pid), 'ffmpeg']);
      const failed = await failureOf(source);
      expect(failed).toContain(`camera rtsp://${place}: ffmpeg ended (killed by SIGKILL)`);
      expect(decodeSmall((await next(source)).jpeg).frameWidthPx).toBe(320);
    });

    it('leaves no ffmpeg behind', async () => {
      const { place } = await startRtspServer();
      const source = await open(`rtsp://${place}`);
      await next(source);
      const children = () => spawnSync('pgrep', ['--parent', String(process.pid), 'ffmpeg']);
      expect(children().stdout.toString()).not.toBe('');
      await source.close();
      expect(children().stdout.toString()).toBe('');
    });
  },
);

const noFfmpeg = missing('ffmpeg', 'ffmpeg');

describe('a camera that ffmpeg cannot use', () => {
  it.skipIf(noFfmpeg !== undefined)(
    `is reported without the password${noFfmpeg ?? ''}`,
    async () => {
      const description = 'v=0\r\nm=video 0 RTP/AVP 26\r\n';
      const found = `RTSP/1.0 200 OK\r\nContent-Length: ${description.length}\r\n\r\n${description}`;
      const server = createServer((socket) => {
        socket
          .on('error', () => undefined)
          .on('data', (request) => {
            socket.write(request.includes('DESCRIBE') ? found : 'RTSP/1.0 500 Error\r\n\r\n');
          });
      }).listen(0, '127.0.0.1');
      onTestFinished(() => void server.close());
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      const message = await failure(`rtsp://admin:hunter%402@127.0.0.1:${port}/yard`);
      expect(message).toContain(`127.0.0.1:${port}/yard: ffmpeg ended (exit status 1)`);
      expect(message).toContain(`Impossible to open 'rtsp://…@127.0.0.1:${port}/yard'`);
      expect(message).not.toMatch(/admin|hunter|0x/);
    },
  );
});

describe('what is no RTSP camera', () => {
  it('is named: a web server', async () => {
    const server = createHttpServer((_, response) => response.end()).listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    expect(await failure(`rtsp://127.0.0.1:${port}/`)).toContain('does not speak RTSP');
  });

  it.each([
    ['RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n', 'offers no video'],
    [
      'RTSP/1.0 302 Found\r\nLocation: rtsp://192.0.2.1/\r\n\r\n',
      'sends the agent to another address',
    ],
    ['RTSP/1.0 500 Error\n\n', 'answers with status 500'],
    [
      'RTSP/1.0 401 No\r\nWWW-Authenticate: Bearer x\r\n\r\n',
      'a kind of password that this program does not know',
    ],
    ['RTSP/1.0 200 OK', 'cannot be reached: it closed the connection'],
    ['SSH-2.0', 'does not speak RTSP'],
  ])('is named: %j', async (answer, message) => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined).once('data', () => socket.end(answer));
    }).listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    expect(await failure(`rtsp://a:b@127.0.0.1:${port}/`)).toContain(message);
  });
});

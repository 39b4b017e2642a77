/** IP cameras over HTTP: real servers that stop, are killed and start again, and certificates. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { decodeSmall } from '../../../agent/detect/decode.js';
import { cameraAddress } from '../../../agent/source/camera-address.js';
import { openHttpCamera } from '../../../agent/source/http-camera.js';
import { describeError } from '../../../shared/cli/errors.js';
import { systemClock } from '../../../shared/clock.js';
import { makeJpeg } from '../../support/pictures.js';
import { freePort } from '../../support/ports.js';
import { missing, start } from '../../support/programs.js';
import { temporaryDirectory } from '../../support/temporary.js';
import { closing, failureOf, frameOf, next } from '../../support/written-frames.js';

async function open(text: string, quietTimeoutMs = 20_000) {
  const address = await cameraAddress(text, undefined, undefined);
  const settings = { address, clock: systemClock, maxFrameBytes: 1_000_000, quietTimeoutMs };
  return closing(Promise.resolve(openHttpCamera(settings)));
}

/** Without a camera it shows a picture that says so, once a second. */
async function startUstreamer(port: number) {
  const address = ['--host', '127.0.0.1', '--port', String(port)];
  const login = ['--user', 'admin', '--passwd', 'secret', '--device', '/dev/no-camera'];
  const server = start('ustreamer', [...address, ...login]);
  await server.says('Starting HTTP eventloop');
  return server;
}

const noUstreamer = missing('ustreamer', 'ustreamer');

describe.skipIf(noUstreamer !== undefined)(`ustreamer${noUstreamer ?? ''}`, () => {
  it('gives its stream and its snapshot, with a password', async () => {
    const port = await freePort();
    await startUstreamer(port);
    const stream = await open(`http://admin:secret@127.0.0.1:${port}/stream`);
    const frames = [await next(stream), await next(stream)];
    expect(stream.pace).toBe('stream');
    const snapshot = await open(`http://admin:secret@127.0.0.1:${port}/snapshot`);
    frames.push(await next(snapshot));
    expect(snapshot.pace).toBe('shots');
    // It always shows the same picture.
    for (const { jpeg } of frames) {
      expect(decodeSmall(jpeg)).toMatchObject({ frameWidthPx: 640, frameHeightPx: 480 });
      expect(jpeg.equals(frames[0]?.jpeg ?? Buffer.alloc(0))).toBe(true);
    }
    expect(await failureOf(await open(`http://admin:no@127.0.0.1:${port}/stream`))).toContain(
      'refuses the user or the password (status 401)',
    );
    expect(await failureOf(await open(`http://admin:secret@127.0.0.1:${port}/`))).toContain(
      'sends text/html, and no JPEG',
    );
  });

  it('is taken again after SIGSTOP, and after it was killed', async () => {
    const port = await freePort();
    const first = await startUstreamer(port);
    const stream = await open(`http://admin:secret@127.0.0.1:${port}/stream`, 3000);
    await next(stream);
    first.child.kill('SIGSTOP');
    expect(await failureOf(stream)).toContain('sent no complete frame in 3s');
    first.child.kill('SIGCONT');
    await frameOf(stream);
    await first.stop('SIGKILL');
    expect(await failureOf(stream)).toContain('cannot be reached: connect ECONNREFUSED');
    await startUstreamer(port);
    await frameOf(stream);
  });
});

const noOpenssl = missing('openssl', 'openssl');

describe.skipIf(noOpenssl !== undefined)(`https${noOpenssl ?? ''}`, () => {
  it('is refused with a certificate that nobody has vouched for, before the password', async () => {
    const [key, cert] = ['key', 'cert'].map((name) => join(temporaryDirectory(), name));
    const form = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
    const names = ['-subj', '/CN=camera', '-addext', 'subjectAltName=IP:127.0.0.1'];
    const files = ['-keyout', key ?? '', '-out', cert ?? ''];
    expect(spawnSync('openssl', [...form, ...names, ...files]).status).toBe(0);
    let requests = 0;
    const options = { key: readFileSync(key ?? ''), cert: readFileSync(cert ?? '') };
    const server = createServer(options, (_, response) => {
      requests += 1;
      response.writeHead(200, { 'content-type': 'image/jpeg' }).end(makeJpeg(1));
    }).listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const source = await open(`https://admin:secret@127.0.0.1:${port}/s.jpg`);
    const error = await next(source).catch((cause: unknown) => cause);
    expect(describeError(error)).toContain(
      `camera https://127.0.0.1:${port}/s.jpg has a certificate that this machine does not trust`,
    );
    expect(error).toMatchObject({
      hint: expect.stringContaining('NODE_EXTRA_CA_CERTS') as unknown,
    });
    expect(requests).toBe(0);
    const script = `fetch('https://127.0.0.1:${port}/').then(({ status }) => console.log(status))`;
    const env = { NODE_EXTRA_CA_CERTS: cert ?? '' };
    const trusting = start(process.execPath, ['-e', script], { env });
    expect([await trusting.ended, trusting.stdout()]).toEqual([0, '200\n']);
  });
});

/** The example programs of docs/notify.md, as they stand there, run by the notifier with real curl, jq and mail. */
import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer as createHttps } from 'node:https';
import { type AddressInfo, type Server, type Socket, createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it, onTestFinished } from 'vitest';
import { commandWay } from '../../../receiver/notify/command-way.js';
import { noticeFrames } from '../../../receiver/notify/notice-frames.js';
import type { Notice } from '../../../receiver/notify/notice.js';
import { makeJpeg } from '../../support/pictures.js';
import { missing, root } from '../../support/programs.js';
import { temporaryDirectory } from '../../support/temporary.js';

const text = readFileSync(`${root}docs/notify.md`, 'utf8');
const scripts = [...text.matchAll(/^```sh\n(#!\/bin\/sh\n.*?)^```$/gms)].map(
  ([, code = '']) => code,
);
const fromMs = Date.UTC(2026, 10, 27, 13, 2, 15);
const frame = makeJpeg(1);
const notice: Notice = {
  ...{ kind: 'event', phase: 'begin', id: 'yard/e1', events: [{ camera: 'yard', event: 'e1' }] },
  ...{ fromMs, toMs: fromMs + 55_000, frames: undefined, isCut: false },
  best: {
    ...{ camera: 'yard', path: 'a.jpg', capturedAtMs: fromMs + 100 },
    ...{ utcOffsetMinutes: 60, sha256: 'f'.repeat(64), strength: 3, boxes: [] },
  },
};

async function portOf(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

/** Runs the only example that has `word`, with lines after its first one. @throws when it does not end with 0 */
async function runExample(word: string, home: string, lines: readonly string[] = []) {
  const [script = '', ...others] = scripts.filter((each) => each.includes(word));
  expect(others).toEqual([]);
  const [first = '', ...rest] = script.split('\n');
  const program = join(home, 'example');
  const settings = [`HOME=${home}`, 'export HOME', `PATH=${home}:$PATH`, ...lines];
  writeFileSync(program, [first, ...settings, ...rest].join('\n'));
  chmodSync(program, 0o755);
  const captures = temporaryDirectory();
  writeFileSync(join(captures, 'a.jpg'), frame);
  const way = commandWay({
    ...{ flag: '--on-event', command: [program], takes: () => true },
    ...{
      frames: noticeFrames(captures, undefined),
      timeLimitMs: 30_000,
      utcOffsetMinutes: () => 60,
    },
  });
  await way.send(notice, new AbortController().signal);
}

interface Got {
  readonly method: string;
  readonly host: string;
  readonly url: string;
  readonly authorization: string;
  readonly body: string;
}

/** A server to which curl connects instead of any other. */
async function makeCurlServer() {
  const home = temporaryDirectory();
  const pair = { key: join(home, 'key.pem'), cert: join(home, 'cert.pem') };
  const names = ['-keyout', pair.key, '-out', pair.cert, '-subj', '/CN=localhost'];
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  expect(spawnSync('openssl', ['req', '-x509', ...ec, ...names]).status).toBe(0);
  const got: Got[] = [];
  const files = { key: readFileSync(pair.key), cert: readFileSync(pair.cert) };
  const server = createHttps(files, (request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      const { host = '', authorization = '' } = headers;
      got.push({
        method,
        host,
        url,
        authorization,
        body: Buffer.concat(pieces).toString('latin1'),
      });
      response.end('ok');
    });
  });
  const port = await portOf(server);
  writeFileSync(join(home, '.curlrc'), `connect-to = "::127.0.0.1:${port}"\ninsecure\n`);
  return { home, got };
}

/** Speaks SMTP (RFC 5321) with a client. @param mails gets what follows DATA */
function takeMail(socket: Socket, mails: string[]): void {
  let mail: string[] | undefined;
  socket.write('220 test\r\n');
  createInterface(socket).on('line', (line) => {
    if (mail !== undefined && line !== '.') mail.push(line);
    else if (mail !== undefined) {
      mails.push(mail.join('\n'));
      mail = undefined;
      socket.write('250 taken\r\n');
    } else if (line === 'DATA') {
      mail = [];
      socket.write('354 go on\r\n');
    } else if (line === 'QUIT') socket.end('221 bye\r\n');
    else socket.write('250 good\r\n');
  });
}

const noCurl = missing('curl', 'curl');
const noJq = missing('jq', 'jq');
const noMail = missing('mail.mailutils', 'mailutils');

describe('an example of docs/notify.md', () => {
  it('is tried for each way', () => {
    expect(scripts).toHaveLength(4);
  });

  it('sends a picture by Telegram', async (test) => {
    test.skip(noCurl !== undefined, noCurl);
    const { home, got } = await makeCurlServer();
    await runExample('api.telegram.org', home, ['CHAT=42', 'TOKEN=7:secret']);
    expect(got).toHaveLength(1);
    expect(got[0]).toMatchObject({
      ...{ method: 'POST', host: 'api.telegram.org', url: '/bot7:secret/sendPhoto' },
      body: expect.stringMatching(/name="chat_id"\r\n\r\n42\r\n/) as string,
    });
    expect(got[0]?.body).toContain('name="caption"\r\n\r\nyard: motion, since 14:02:15');
    expect(got[0]?.body).toContain(frame.toString('latin1'));
  });

  it('sends a text by Slack', async (test) => {
    const why = noCurl ?? noJq;
    test.skip(why !== undefined, why);
    const { home, got } = await makeCurlServer();
    const hook = 'https://hooks.slack.com/services/T/B/X';
    await runExample('SLACK_WEBHOOK', home, [`SLACK_WEBHOOK=${hook}`]);
    expect(got).toHaveLength(1);
    expect(got[0]).toMatchObject({ host: 'hooks.slack.com', url: '/services/T/B/X' });
    expect(JSON.parse(got[0]?.body ?? '')).toEqual({ text: 'yard: motion, since 14:02:15' });
  });

  it('copies a frame by WebDAV', async (test) => {
    test.skip(noCurl !== undefined, noCurl);
    const { home, got } = await makeCurlServer();
    writeFileSync(join(home, 'netrc'), 'machine cloud.example login me password secret\n');
    const lines = ['CLOUD=https://cloud.example/dav', `NETRC=${join(home, 'netrc')}`];
    await runExample('--upload-file', home, lines);
    expect(got).toHaveLength(1);
    expect(got[0]).toMatchObject({
      ...{ method: 'PUT', host: 'cloud.example', url: '/dav/frames/a.jpg' },
      authorization: `Basic ${Buffer.from('me:secret').toString('base64')}`,
      body: frame.toString('latin1'),
    });
  });

  it('sends a mail with the picture', async (test) => {
    test.skip(noMail !== undefined, noMail);
    const home = temporaryDirectory();
    const mails: string[] = [];
    const port = await portOf(createServer((socket) => takeMail(socket, mails)));
    writeFileSync(join(home, '.mailrc'), `set sendmail="smtp://127.0.0.1:${port}"\n`);
    symlinkSync('/usr/bin/mail.mailutils', join(home, 'mail'));
    await runExample('mail -s', home);
    expect(mails).toHaveLength(1);
    const [mail = ''] = mails;
    expect(mail).toContain('To: <me@example.org>');
    expect(mail).toContain('Subject: yard: motion');
    expect(mail).toContain('\nsince 14:02:15');
    expect(mail).toContain('Content-Type: image/jpeg; name="a.jpg"');
    expect(mail.replaceAll('\n', '')).toContain(frame.toString('base64'));
  });
});

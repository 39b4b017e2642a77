/** The ways out, against a real server and real programs. */
import { createHmac } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { commandWay } from '../../../receiver/notify/command-way.js';
import { httpWay } from '../../../receiver/notify/http-way.js';
import { notifyAddress } from '../../../receiver/notify/notify-address.js';
import { noticeFrames } from '../../../receiver/notify/notice-frames.js';
import type { Notice } from '../../../receiver/notify/notice.js';
import { makeJpeg } from '../../support/pictures.js';
import { temporaryDirectory } from '../../support/temporary.js';

const startMs = Date.UTC(2026, 10, 27, 13, 2, 15);
const begin: Notice = {
  ...{ kind: 'event', phase: 'begin', id: 'yard/e1', events: [{ camera: 'yard', event: 'e1' }] },
  ...{ fromMs: startMs, toMs: startMs + 55_000, frames: undefined, isCut: false },
  best: {
    ...{ camera: 'yard', path: 'yard/2026_11_27/a.jpg', capturedAtMs: startMs + 100 },
    ...{ utcOffsetMinutes: 60, sha256: 'f'.repeat(64), strength: 3, boxes: [[1, 2, 3, 4]] },
  },
};
const end: Notice = { ...begin, phase: 'end', frames: 14 };
const silence: Notice = {
  ...{ kind: 'silence', phase: 'begin', id: 'yard/silence/1', camera: 'yard', fromMs: startMs },
};
const disk = {
  kind: 'problem',
  problem: 'disk',
  id: 'receiver/disk/1',
  fromMs: startMs,
  detail: '9 MB free',
} as const;
const late: Notice = {
  ...{ kind: 'late', phase: 'end', id: 'yard/late/1', camera: 'yard', count: 4 },
  ...{ fromMs: startMs, toMs: startMs + 4 * 3_600_000 },
};
const signal = new AbortController().signal;
const utcOffsetMinutes = () => 60;

interface Got {
  readonly url: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Buffer;
}

/** A server that keeps what it gets. */
async function server(status = 200, headers: Record<string, string> = {}) {
  const got: Got[] = [];
  const http = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      got.push({ url: request.url ?? '', headers: request.headers, body: Buffer.concat(pieces) });
      if (status !== 0) response.writeHead(status, headers).end('{}');
    });
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    http.closeAllConnections();
    http.close();
  });
  return { got, host: `127.0.0.1:${(http.address() as AddressInfo).port}` };
}

/** A server that takes short requests only, and says so before it has read a long one, as nginx does. */
async function shortServer() {
  const statuses: number[] = [];
  const http = createServer((request, response) => {
    const isLong = Number(request.headers['content-length'] ?? Infinity) > 5000;
    statuses.push(isLong ? 413 : 200);
    response.writeHead(isLong ? 413 : 200).end();
    request.resume();
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    http.closeAllConnections();
    http.close();
  });
  return { statuses, host: `127.0.0.1:${(http.address() as AddressInfo).port}` };
}

/** The parts of a form, by name (RFC 7578). */
function partsOf({ headers, body }: Got): ReadonlyMap<string, Buffer> {
  const type = String(headers['content-type']);
  const [, boundary = ''] = /^multipart\/form-data; boundary=(\S+)$/.exec(type) ?? [];
  const parts = body.toString('latin1').split(`--${boundary}`).slice(1, -1);
  return new Map(
    parts.map((part) => {
      const at = part.indexOf('\r\n\r\n');
      const [, name = ''] = /name="(\w+)"/.exec(part.slice(0, at)) ?? [];
      return [name, Buffer.from(part.slice(at + 4, -2), 'latin1')];
    }),
  );
}

function wayTo(address: string, more: Partial<Parameters<typeof httpWay>[0]> = {}) {
  return httpWay({
    ...{ address: notifyAddress.parse(address), secret: undefined, viewer: undefined },
    format: 'json',
    ...{ readPicture: () => Promise.resolve(makeJpeg(1)), timeLimitMs: 5000, utcOffsetMinutes },
    ...more,
  });
}

describe('a server to which a picture is too large', () => {
  it('gets the notice without it: the next ones do not wait for it', async () => {
    const { statuses, host } = await shortServer();
    const large = { readPicture: () => Promise.resolve(Buffer.alloc(4_000_000, 1)) };
    const forms = { ...large, format: 'multipart' } as const;
    for (const way of [
      wayTo(`ntfy+http://${host}/topic`, large),
      wayTo(`http://${host}/`, large),
      wayTo(`http://${host}/`, forms),
    ]) {
      statuses.length = 0;
      await way.send(begin, signal);
      await way.send(silence, signal);
      expect(statuses).toEqual([413, 200, 200]);
    }
  });

  it('and the text too, has not taken it', async () => {
    const { got, host } = await server(413);
    await expect(wayTo(`http://${host}/`).send(begin, signal)).rejects.toThrow('answered 413');
    await expect(wayTo(`http://${host}/`).send(silence, signal)).rejects.toThrow('answered 413');
    expect(got).toHaveLength(3);
  });
});

describe('an ntfy server', () => {
  it('gets text and picture, and the end under the same sequence id', async () => {
    const { got, host } = await server();
    const way = wayTo(`ntfy+http://:tk_secret@${host}/my-topic`, { viewer: 'http://laptop:8080/' });
    for (const notice of [begin, end, silence]) await way.send(notice, signal);
    const [first, second, third] = got;
    expect(first).toMatchObject({
      url: '/my-topic',
      body: makeJpeg(1),
      headers: {
        ...{
          title: 'yard: motion',
          message: 'since 14:02:15',
          filename: 'yard.jpg',
          priority: '4',
        },
        authorization: 'Bearer tk_secret',
        click: 'http://laptop:8080/#camera=yard&at=2026-11-27T13:02:15.100Z',
      },
    });
    expect(second?.headers).toMatchObject({
      ...{ title: 'yard: motion ended', message: 'from 14:02:15 to 14:03:10, 14 frames' },
      ...{ priority: '2', 'x-sequence-id': first?.headers['x-sequence-id'] },
    });
    expect(third?.headers).toMatchObject({ title: 'yard: silent', priority: '5' });
    expect(third?.headers['x-sequence-id']).not.toBe(first?.headers['x-sequence-id']);
    expect(third?.body.toString()).toBe('nothing has arrived since 14:02:15');
    await way.send({ ...disk, phase: 'begin' }, signal);
    expect(got[3]?.headers).toMatchObject({
      ...{ title: 'receiver: the disk is nearly full', tags: 'warning', priority: '4' },
      click: 'http://laptop:8080/',
    });
    const days = { ...late, toMs: startMs + 86_400_000 };
    for (const notice of [late, days]) await way.send(notice, signal);
    expect(got[4]?.headers).toMatchObject({ title: 'yard: 4 earlier events', priority: '3' });
    expect(got.slice(4).map(({ body }) => body.toString())).toEqual([
      '4 events between 14:02:15 and 18:02:15 on 2026-11-27; the frames arrived now',
      '4 events between 2026-11-27 14:02:15 and 2026-11-28 14:02:15; the frames arrived now',
    ]);
    expect(way.name).toBe(`ntfy at ${host}`);
  });
});

describe('a webhook', () => {
  it('gets JSON, signed, with the picture in it', async () => {
    const { got, host } = await server();
    await wayTo(`http://fred:garden%20gate@${host}/hook?key=1`, { secret: 's3' }).send(end, signal);
    const { body, headers, url } = got[0] ?? { body: Buffer.alloc(0), headers: {}, url: '' };
    expect(url).toBe('/hook?key=1');
    expect(headers).toMatchObject({
      // Not on an idle connection, which the server may just close.
      ...{ connection: 'close', 'content-type': 'application/json' },
      authorization: `Basic ${Buffer.from('fred:garden gate').toString('base64')}`,
      'x-picchanged-signature': `sha256=${createHmac('sha256', 's3').update(body).digest('hex')}`,
    });
    expect(JSON.parse(body.toString())).toEqual({
      ...{ notice: 'event-end', id: 'yard/e1', cameras: ['yard'], frames: 14, cut: false },
      ...{ from: '2026-11-27T13:02:15.000Z', to: '2026-11-27T13:03:10.000Z' },
      ...{ events: [{ camera: 'yard', event: 'e1' }], title: 'yard: motion ended' },
      text: 'from 14:02:15 to 14:03:10, 14 frames',
      picture: makeJpeg(1).toString('base64'),
      frame: {
        ...{ camera: 'yard', path: 'yard/2026_11_27/a.jpg', captured: '2026-11-27T13:02:15.100Z' },
        ...{ sha256: 'f'.repeat(64), strength: 3, boxes: [[1, 2, 3, 4]] },
      },
    });
  });

  it('gets a form with JSON and picture as parts, signed by the JSON, which has the hash of the picture', async () => {
    const { got, host } = await server();
    const way = wayTo(`http://${host}/`, { secret: 's3', format: 'multipart' });
    await way.send(begin, signal);
    await way.send(silence, signal);
    const [first, second] = got.map(partsOf);
    const json = first?.get('notice')?.toString() ?? '';
    expect(got[0]?.headers['x-picchanged-signature']).toBe(
      `sha256=${createHmac('sha256', 's3').update(json).digest('hex')}`,
    );
    expect(JSON.parse(json)).toMatchObject({ frame: { sha256: 'f'.repeat(64) } });
    expect(JSON.parse(json)).not.toHaveProperty('picture');
    expect(first?.get('picture')).toEqual(makeJpeg(1));
    expect(got[0]?.body.toString('latin1')).toContain(
      'name="picture"; filename="picture.jpg"\r\nContent-Type: image/jpeg\r\n',
    );
    expect([...(second?.keys() ?? [])]).toEqual(['notice']);
  });

  it('that fails, redirects or does not answer has not taken the notice', async () => {
    const broken = await server(500);
    await expect(wayTo(`http://${broken.host}/`).send(begin, signal)).rejects.toThrow(
      /answered 500/,
    );
    const target = await server();
    const moved = await server(302, { location: `http://${target.host}/` });
    await expect(wayTo(`http://${moved.host}/`).send(begin, signal)).rejects.toMatchObject({
      hint: expect.stringContaining('no redirect is followed') as string,
    });
    expect(target.got).toEqual([]);
    const mute = await server(0);
    const way = wayTo(`http://${mute.host}/`, { timeLimitMs: 200 });
    await expect(way.send(begin, signal)).rejects.toThrow(/does not answer/);
  });
});

describe('an address of --notify', () => {
  it.each([
    ['ntfy://ntfy.sh/abc', 'https://ntfy.sh/abc', false],
    ['ntfy+http://nas/abc', 'http://nas/abc', true],
    ['http://192.168.1.5:8123/api/webhook/x', 'http://192.168.1.5:8123/api/webhook/x', true],
    ['https://[2a00:1450::1]/x', 'https://[2a00:1450::1]/x', false],
    ['https://ha.local/x', 'https://ha.local/x', true],
  ])('%s', (text, url, isPrivate) => {
    expect(notifyAddress.parse(text)).toMatchObject({ url, isPrivate });
  });

  it.each(['ftp://a/b', 'ntfy://host', 'ntfy://host/a/b', 'laptop:80', 'https://', 'ntfy://h/a#b'])(
    'is not %s',
    (text) => {
      expect(() => notifyAddress.parse(text)).toThrow(
        /must begin|is not an address|needs one topic|#/,
      );
    },
  );
});

describe('a program', () => {
  function wayFor(script: string, timeLimitMs = 10_000) {
    const directory = temporaryDirectory();
    const out = join(directory, 'out');
    const program = join(directory, 'hook');
    writeFileSync(program, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    const way = commandWay({
      ...{ flag: '--on-event', command: [program, 'a b', '$(touch pwned)'], timeLimitMs },
      ...{ takes: () => true, frames: noticeFrames('/srv/captures', undefined), utcOffsetMinutes },
    });
    return { way, out, directory };
  }

  it('gets arguments as they are, facts in its environment, and JSON on its input', async () => {
    const { way, out, directory } = wayFor(
      'cd "$(dirname "$0")"; { echo "$1|$2"; env; cat; } > out',
    );
    await way.send(begin, signal);
    const text = readFileSync(out, 'utf8');
    expect(text).toContain('a b|$(touch pwned)\n');
    expect(existsSync(join(directory, 'pwned'))).toBe(false);
    for (const line of [
      ...['PICCHANGED_NOTICE=event-begin', 'PICCHANGED_CAMERA=yard', 'PICCHANGED_ID=yard/e1'],
      ...['PICCHANGED_TITLE=yard: motion', 'PICCHANGED_TEXT=since 14:02:15'],
      'PICCHANGED_FRAME=/srv/captures/yard/2026_11_27/a.jpg',
    ]) {
      expect(text).toContain(`${line}\n`);
    }
    await way.send({ ...disk, phase: 'end', toMs: startMs + 60_000 }, signal);
    const problem = readFileSync(out, 'utf8');
    for (const line of [
      ...['PICCHANGED_NOTICE=problem-end', 'PICCHANGED_PROBLEM=disk', 'PICCHANGED_CAMERAS='],
      'PICCHANGED_TEXT=from 14:02:15 to 14:03:15: 9 MB free',
    ]) {
      expect(problem).toContain(`${line}\n`);
    }
    expect(problem).not.toContain('PICCHANGED_CAMERA=');
    expect(JSON.parse(text.trim().split('\n').at(-1) ?? '')).toMatchObject({
      ...{ notice: 'event-begin', file: '/srv/captures/yard/2026_11_27/a.jpg' },
    });
  });

  it('that hangs is ended, and one that fails or is missing is said', async () => {
    await expect(wayFor('sleep 60', 200).way.send(begin, signal)).rejects.toThrow(
      'did not end within 0.2 s',
    );
    await expect(wayFor('echo no mail >&2; exit 3').way.send(begin, signal)).rejects.toThrow(
      /exit status 3: no mail/,
    );
    const missing = commandWay({
      ...{ flag: '--on-end', command: ['/nonexistent/x'], takes: () => true },
      ...{ frames: noticeFrames('/', undefined), timeLimitMs: 1000, utcOffsetMinutes },
    });
    await expect(missing.send(begin, signal)).rejects.toThrow('cannot start /nonexistent/x');
  });
});

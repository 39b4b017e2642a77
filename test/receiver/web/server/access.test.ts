/** Who may come in: cookies, roles, guesses, proxies. */
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { framePath, startViewer } from './started-viewer.js';

const anna = { name: 'anna', role: 'keep', password: 'garden gate' } as const;
const bert = { name: 'bert', role: 'look', password: 'front door' } as const;
const passwords = [anna, bert];
const paths = [
  ...['cameras', 'live', 'days?camera=yard&from=2026-11-01&to=2026-11-02', 'timeline', 'frames'],
  ...['events', 'strip?camera=yard&from=0&step=1000', 'nothing', 'frame/x'],
].map((path) => `/api/v1/${path}`);
const wish = { camera: 'yard', event: '1', keep: true };

describe('without a password', () => {
  it('there is the page and the way in, and nothing else', async () => {
    const { ask, post, kept, port } = await startViewer({ passwords });
    const own = `picchanged-${port}`;
    for (const path of [...paths, `/${framePath}`]) {
      for (const cookie of ['', `${own}=`, `${own}=${'A'.repeat(43)}`, `${own}=../x`]) {
        const { status, json } = await ask(path, { headers: { cookie } });
        expect([status, json]).toMatchObject([401, { code: 'password-needed' }]);
      }
    }
    const etag = { 'if-none-match': `"${'ab'.repeat(32)}"` };
    expect((await ask(`/${framePath}`, { headers: etag })).status).toBe(401);
    expect((await post('/api/v1/keep', wish)).status).toBe(401);
    expect(kept).toEqual([]);
    expect((await ask('/')).status).toBe(200);
    expect((await ask('/api/v1/session')).json).toEqual({
      ...{ role: null, name: null, hasPassword: true, isUnencrypted: false },
    });
  });

  it('a viewer on this machine answers its own browsers, and nothing that a proxy passes on', async () => {
    const { ask } = await startViewer();
    expect((await ask('/api/v1/session')).json).toMatchObject({ role: 'keep', hasPassword: false });
    for (const name of ['X-Forwarded-For', 'Forwarded', 'X-Real-IP', 'Via', 'X-Forwarded-Proto']) {
      for (const path of ['/api/v1/cameras', '/api/v1/session', `/${framePath}`]) {
        const { status, text } = await ask(path, { headers: { [name]: '192.0.2.1' } });
        expect(status).toBe(403);
        expect(text).toContain('--web-password-file');
      }
    }
  });
});

describe('a request', () => {
  it('is a line of the log with --verbose, which has no cookie and no password', async () => {
    const { post, ask, enter, lines } = await startViewer({ passwords });
    await post('/api/v1/session', { name: 'anna', password: 'garden door' });
    const cookie = await enter('anna', 'garden gate');
    await ask('/api/v1/cameras?a=1', { headers: { cookie } });
    const requests = lines.filter((line) => line.startsWith('<7>'));
    expect(requests.map((line) => line.replace(/ms=\d+/, 'ms=0'))).toEqual(
      [
        'method=POST path=/api/v1/session status=401',
        'method=POST path=/api/v1/session status=200',
        'method=GET path="/api/v1/cameras?a=1" status=200',
      ].map((facts) => `<7>test: answered ${facts} ms=0 from=127.0.0.1`),
    );
    expect(lines.join()).not.toMatch(/garden|picchanged-/);
  });
});

describe('with a password', () => {
  it('two viewers of one machine have cookies of their own', async () => {
    const [one, other] = [await startViewer({ passwords }), await startViewer({ passwords })];
    const cookies = [
      await one.enter('anna', 'garden gate'),
      await other.enter('bert', 'front door'),
    ];
    // A browser sends both to both.
    const headers = { cookie: cookies.join('; ') };
    expect((await one.ask('/api/v1/session', { headers })).json).toMatchObject({ name: 'anna' });
    expect((await other.ask('/api/v1/session', { headers })).json).toMatchObject({ name: 'bert' });
    expect(new Set(cookies.map((cookie) => cookie.split('=')[0])).size).toBe(2);
  });

  it('a session opens all that its role may', async () => {
    const { ask, post, enter, kept } = await startViewer({ passwords });
    const entered = await post('/api/v1/session', { name: 'anna', password: 'garden gate' });
    expect(entered.headers['set-cookie']).toEqual([
      expect.stringMatching(
        /^picchanged-\d+=[\w-]{43}; Max-Age=2592000; HttpOnly; SameSite=Strict$/,
      ) as string,
    ]);
    const cookie = await enter('anna', 'garden gate');
    expect((await ask('/api/v1/cameras', { headers: { cookie } })).json).toMatchObject({
      role: 'keep',
    });
    expect((await ask(`/${framePath}`, { headers: { cookie } })).status).toBe(200);
    expect((await post('/api/v1/keep', wish, { cookie })).status).toBe(200);
    const looking = await enter('bert', 'front door');
    const refused = await post('/api/v1/keep', wish, { cookie: looking });
    expect([refused.status, refused.json]).toMatchObject([403, { code: 'not-allowed' }]);
    expect(kept).toHaveLength(1);
  });

  it('leaving ends the session, for the cookie too', async () => {
    const { ask, enter } = await startViewer({ passwords });
    const cookie = await enter('anna', 'garden gate');
    const left = await ask('/api/v1/session', { method: 'DELETE', headers: { cookie } });
    expect(left.headers['set-cookie']?.[0]).toMatch(/^picchanged-\d+=; Max-Age=0;/);
    expect((await ask('/api/v1/cameras', { headers: { cookie } })).status).toBe(401);
  });

  it('a changed line ends its sessions within a second, and those of no other name', async () => {
    const { ask, enter, clock, passwordFile } = await startViewer({ passwords });
    const [ofAnna, ofBert] = [
      await enter('anna', 'garden gate'),
      await enter('bert', 'front door'),
    ];
    const text = readFileSync(passwordFile, 'utf8');
    writeFileSync(passwordFile, text.replace('anna:keep', 'anna:look'));
    await clock.advance(1000);
    expect((await ask('/api/v1/cameras', { headers: { cookie: ofAnna } })).status).toBe(401);
    expect((await ask('/api/v1/cameras', { headers: { cookie: ofBert } })).status).toBe(200);
    writeFileSync(passwordFile, 'nonsense');
    await clock.advance(1000);
    expect((await ask('/api/v1/cameras', { headers: { cookie: ofBert } })).status).toBe(503);
  });

  it('a wrong name and a wrong password are answered alike', async () => {
    const { post } = await startViewer({ passwords });
    const [name, password] = [
      await post('/api/v1/session', { name: 'nemo', password: 'garden gate' }),
      await post('/api/v1/session', { name: 'anna', password: 'nonsense' }),
    ];
    expect([name.status, name.text]).toEqual([password.status, password.text]);
    expect(name.status).toBe(401);
    expect(name.headers['set-cookie']).toBeUndefined();
    for (const body of [null, 1, {}, { name: 'anna' }, { name: {}, password: [] }]) {
      expect((await post('/api/v1/session', body)).status).toBe(400);
    }
  });

  it('guesses are slowed by address, many at once too, and the right password waits as well', async () => {
    const { post, clock } = await startViewer({ passwords, proxies: ['127.0.0.1'] });
    const guess = (password: string, from: string) =>
      post('/api/v1/session', { name: 'anna', password }, { 'x-forwarded-for': from });
    const guesses = await Promise.all(
      Array.from({ length: 12 }, (_, at) => guess(`guess ${at}`, '192.0.2.1')),
    );
    expect(guesses.filter(({ status }) => status === 401)).toHaveLength(4);
    const slowed = await guess('garden gate', '192.0.2.1');
    expect([slowed.status, slowed.json]).toMatchObject([429, { code: 'too-many' }]);
    expect(slowed.headers['retry-after']).toBe('1');
    expect((await guess('garden gate', '192.0.2.2')).status).toBe(200);
    await clock.advance(1000);
    expect((await guess('garden gate', '192.0.2.1')).status).toBe(200);
  });

  it('an address in a header counts only from a named proxy', async () => {
    const { post } = await startViewer({ passwords });
    const statuses: number[] = [];
    for (let at = 0; at < 6; at += 1) {
      const headers = { 'x-forwarded-for': `192.0.2.${at}` };
      const body = { name: 'anna', password: 'nonsense' };
      statuses.push((await post('/api/v1/session', body, headers)).status);
    }
    expect(statuses).toEqual([401, 401, 401, 401, 429, 429]);
  });

  it('says when what it shows travels unencrypted, and has secure cookies when not', async () => {
    const { ask, post } = await startViewer({ passwords, proxies: ['127.0.0.1'] });
    const from = (protocol: string) => ({
      'x-forwarded-for': '192.0.2.1',
      'x-forwarded-proto': protocol,
    });
    const plain = await ask('/api/v1/session', { headers: from('http') });
    expect(plain.json).toMatchObject({ isUnencrypted: true });
    const secure = await ask('/api/v1/session', { headers: from('https') });
    expect(secure.json).toMatchObject({ isUnencrypted: false });
    const body = { name: 'anna', password: 'garden gate' };
    const { headers } = await post('/api/v1/session', body, from('https'));
    expect(headers['set-cookie']?.[0]).toMatch(/; Secure$/);
  });

  it('the log has names of those who came in, and no password', async () => {
    const { enter, post, lines } = await startViewer({ passwords });
    await enter('anna', 'garden gate');
    await post('/api/v1/session', { name: 'garden gate', password: 'a wrong one' });
    expect(lines.join('\n')).toContain('anna');
    expect(lines.join('\n')).not.toMatch(/garden gate|a wrong one/);
  });
});

describe('the metrics', () => {
  it('are read with their token, under any name, and with nothing else', async () => {
    const metricsToken = 'c0ffee'.repeat(5);
    const { ask } = await startViewer({ passwords, metricsToken });
    const authorization = `Bearer ${metricsToken}`;
    expect(await ask('/metrics')).toMatchObject({ status: 401, json: { code: 'token-needed' } });
    expect((await ask('/metrics', { headers: { authorization: 'Bearer x' } })).status).toBe(401);
    const host = 'laptop.example.org:8080';
    const read = await ask('/metrics?a=1', { headers: { authorization, host } });
    expect(read).toMatchObject({ status: 200, text: 'made_up 1\n' });
    for (const path of paths) {
      expect((await ask(path, { headers: { authorization } })).status).toBe(401);
    }
    expect((await ask('/metrics', { method: 'POST', headers: { authorization } })).status).toBe(
      405,
    );
    const { ask: without } = await startViewer();
    expect((await without('/metrics', { headers: { authorization } })).status).toBe(404);
  });
});

/** Attacks on the viewer's server: paths, names, pages of other sites, bytes that are not what they seem. */
import { describe, expect, it } from 'vitest';
import { frameBytes, framePath, hash, script, startViewer } from './started-viewer.js';

const safeHeaders = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
};

describe('every answer', () => {
  it.each([
    ['GET', '/', 200],
    ['HEAD', '/', 200],
    ['GET', '/app-ABCDEFGH.js', 200],
    ['GET', '/nothing', 404],
    ['POST', '/', 405],
    ['GET', '/api/v1/cameras', 200],
    ['GET', '/api/v1/session', 200],
    ['GET', '/api/v1/nothing', 404],
    ['GET', '/api/v1/frames?camera=yard', 400],
    ['GET', '/api/v1/frames?camera=yard&at=1', 410],
    ['GET', `/${framePath}`, 200],
    ['HEAD', `/${framePath}`, 200],
    ['HEAD', '/api/v1/live', 405],
    ['PUT', '/api/v1/keep', 403],
    ['DELETE', '/api/v1/keep', 405],
    ['OPTIONS', '/api/v1/keep', 403],
    ['TRACE', '/api/v1/keep', 403],
    ['GET', '//', 404],
    ['GET', 'http://[', 400],
  ])('%s %s is %i, with the headers that keep a browser safe', async (method, path, status) => {
    const { ask } = await startViewer();
    const answer = await ask(path, { method });
    expect(answer.status).toBe(status);
    expect(answer.headers).toMatchObject(safeHeaders);
    const policy = answer.headers['content-security-policy'] ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self';");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/unsafe|\*|https?:/);
    expect(answer.headers['access-control-allow-origin']).toBeUndefined();
    if (method === 'HEAD') expect(answer.text).toBe('');
  });

  it('of a request that is not HTTP has them too', async () => {
    const { raw } = await startViewer();
    for (const text of [
      'nonsense\r\n\r\n',
      `GET / HTTP/1.1\r\nhost: localhost\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`,
      'GET / HTTP/1.1\r\nconnection: close\r\n\r\n',
      'GET / HTTP/1.1\r\nhost: localhost\r\nexpect: a miracle\r\nconnection: close\r\n\r\n',
      'POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n',
    ]) {
      const answer = await raw(text);
      expect(answer).toMatch(/^HTTP\/1\.1 (4\d\d|200) /);
      expect(answer).toContain("content-security-policy: default-src 'none'");
      expect(answer).toContain('x-content-type-options: nosniff');
    }
  });
});

describe('paths', () => {
  const places = ['/etc/passwd', 'etc/passwd', 'package.json', '.git/config'];
  const ways = [
    ...['/../', '/../../../../../', '/..%2f..%2f..%2f', '/%2e%2e/%2e%2e/', '/..\\..\\', '/..%5c'],
    ...['/%252e%252e%252f', '/....//....//', '/;/../', '//', '/./', '/%00', '/app-ABCDEFGH.js/../'],
    ...['/api/v1/frame/', '/api/v1/frame/../../../', '/api/v1/frame/yard/../../../../', '/api/v1/'],
    ...[
      '/api/v1/frame/..%2f..%2f',
      '/api/v1/frame/yard%00/',
      'http://localhost/../',
      '/\u00c0\u00af',
    ],
  ];
  it.each(ways)('%s leads to no file', async (way) => {
    const { ask } = await startViewer();
    for (const place of places) {
      const { status, text } = await ask(`${way}${place}`).catch(() => ({ status: 404, text: '' }));
      expect([400, 404]).toContain(status);
      expect(text).not.toMatch(/root:|"name": "picchanged"|\[core\]/);
    }
  });

  it.each([
    `frame/../2026_11_22/4711/${hash}.jpg`,
    `frame/Yard/2026_11_22/4711/${hash}.jpg`,
    `frame/yard/2026_11_22/4711/${hash}.jpg/`,
    `frame/yard/2026_11_22/4711/..%2f${hash}.jpg`,
    `frame/yard/2026_11_22/-1/${hash}.jpg`,
    `frame/yard/2026_11_22/${'9'.repeat(40)}/${hash}.jpg`,
    `frame/yard/2026_11_22/4711/${hash.toUpperCase()}.jpg`,
    `frame/yard/.picchanged/4711/${hash}.jpg`,
    'constructor',
    '__proto__',
    'toString',
  ])('%s is nothing of the archive', async (path) => {
    const frame = (): never => {
      throw new Error('the archive is asked');
    };
    const { ask } = await startViewer({ archive: { frame } });
    expect((await ask(`/api/v1/${path}`)).status).toBe(404);
  });
});

describe('names of this server', () => {
  it.each([
    ['localhost', 200],
    ['localhost:8080', 200],
    ['LAPTOP', 200],
    ['cams.example.org.', 200],
    ['192.0.2.1:8080', 200],
    ['[2001:db8::1]:8080', 200],
    ['evil.example.com', 421],
    ['localhost.evil.example.com', 421],
    ['evil.example.com:8080', 421],
    ['127.0.0.1.evil.example.com', 421],
    ['localhost@evil.example.com', 421],
    ['localhost:8080:1', 421],
  ])("host '%s' is %i", async (host, status) => {
    const { ask } = await startViewer();
    for (const path of ['/', '/api/v1/cameras', `/${framePath}`]) {
      expect((await ask(path, { headers: { host } })).status).toBe(status);
    }
  });
});

describe('pages of other sites', () => {
  const wish = { camera: 'yard', event: '1', keep: true };
  it.each([
    { origin: 'https://evil.example.com' },
    { origin: 'null' },
    { origin: 'http://localhost:1' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { 'content-type': 'text/plain' },
    { 'content-type': 'application/x-www-form-urlencoded' },
    { 'content-type': 'multipart/form-data; boundary=x' },
    { 'content-type': 'text/plain; application/json' },
    { 'content-type': '' },
  ])('change nothing: %s', async (headers) => {
    const { port, post, kept } = await startViewer();
    const answer = await post('/api/v1/keep', wish, { host: `127.0.0.1:${port}`, ...headers });
    expect(answer.status).toBe(403);
    expect((await post('/api/v1/session', {}, headers)).status).toBe(403);
    expect(kept).toEqual([]);
  });

  it('and its own page does', async () => {
    const { port, post, kept } = await startViewer();
    const own = {
      ...{ host: `localhost:${port}`, origin: `http://localhost:${port}` },
      'sec-fetch-site': 'same-origin',
    };
    expect((await post('/api/v1/keep', wish, own)).status).toBe(200);
    expect(kept).toEqual([wish]);
  });
});

describe('frames', () => {
  it('are JPEGs to the browser, whatever their bytes are, and never change', async () => {
    const { ask } = await startViewer();
    const { headers, text } = await ask(`/${framePath}`);
    expect(headers).toMatchObject({
      'content-type': 'image/jpeg',
      'x-content-type-options': 'nosniff',
      'cache-control': 'private, max-age=31536000, immutable',
      etag: `"${hash}"`,
      'content-length': String(frameBytes.length),
    });
    expect(text).toContain('<script>');
    for (const known of [`"${hash}"`, `W/"${hash}"`, `"x", "${hash}"`]) {
      const again = await ask(`/${framePath}`, { headers: { 'if-none-match': known } });
      expect([again.status, again.text]).toEqual([304, '']);
      expect(again.headers['content-security-policy']).toContain("default-src 'none'");
    }
    const other = await ask(`/${framePath}`, { headers: { 'if-none-match': '"x"' } });
    expect(other.status).toBe(200);
    expect((await ask('/app-ABCDEFGH.js')).headers['cache-control']).toContain('immutable');
    expect((await ask('/')).headers['cache-control']).toBe('no-cache');
  });

  it('that are deleted are gone, with a reason', async () => {
    const { ask } = await startViewer();
    const answer = await ask(`/${framePath.replace(hash, 'cd'.repeat(32))}`);
    expect([answer.status, answer.json]).toEqual([410, { code: 'gone', message: 'it is deleted' }]);
  });
});

describe('texts with script in them', () => {
  it('are JSON, and no page', async () => {
    const { ask } = await startViewer();
    const { headers, json } = await ask('/api/v1/days?camera=yard&from=2026-11-01&to=2026-11-02');
    expect(headers['content-type']).toBe('application/json; charset=utf-8');
    expect(json).toMatchObject({ camera: `yard${script}` });
    const wrong = await ask(`/api/v1/days?camera=${encodeURIComponent(script)}&from=1&to=2`);
    expect([wrong.status, wrong.headers['content-type']]).toEqual([
      400,
      'application/json; charset=utf-8',
    ]);
  });
});

describe('an archive that fails', () => {
  it('is a sentence to the client, and an error in the log only', async () => {
    const days = (): Promise<never> => Promise.reject(new Error('EIO /srv/captures/secret'));
    const { ask, lines } = await startViewer({ archive: { days } });
    const path = '/api/v1/days?camera=yard&from=2026-11-01&to=2026-11-02';
    const { status, text } = await ask(path);
    expect(status).toBe(500);
    expect(text).not.toContain('secret');
    expect(lines.join()).toContain('/srv/captures/secret');
    for (let at = 0; at < 50; at += 1) await ask(path);
    expect(lines.filter((line) => !line.startsWith('<7>'))).toHaveLength(1);
  });
});

/** Who may read the metrics. */
import { request as httpRequest } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { BearerToken } from '../../../receiver/metrics/bearer-token.js';
import { openMetricsServer } from '../../../receiver/metrics/metrics-server.js';
import { FakeClock } from '../../support/fake-clock.js';
import { keptLog } from '../../support/log.js';

const token = 'c0ffee'.repeat(5);

async function startServer(settings: Partial<Parameters<typeof openMetricsServer>[0]> = {}) {
  const { log, lines } = keptLog();
  const server = await openMetricsServer(
    {
      ...{ listen: { address: undefined, port: 0 }, token: undefined },
      ...{ text: () => Promise.resolve('made_up 1\n'), ...settings },
    },
    { clock: new FakeClock(), log },
  );
  onTestFinished(() => server.close());
  const ask = (headers: Record<string, string> = {}, path = '/metrics', method = 'GET') =>
    new Promise<{ status: number; text: string; type: string | undefined }>((resolve, reject) => {
      const url = new URL(path, server.address);
      const sent = httpRequest(url, { headers, method, agent: false }, (response) => {
        let text = '';
        response.on('data', (part: Buffer) => (text += part.toString()));
        response.on('end', () => {
          const type = response.headers['content-type'];
          resolve({ status: response.statusCode ?? 0, text, type });
        });
      });
      sent.on('error', reject);
      sent.end();
    });
  return { server, ask, lines };
}

describe('the metrics of this machine', () => {
  it('are read without a token, by its names and addresses only', async () => {
    const { server, ask } = await startServer();
    expect(server.address).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/metrics$/);
    expect(await ask()).toMatchObject({ status: 200, text: 'made_up 1\n' });
    expect((await ask()).type).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect((await ask({ host: 'localhost:9464' })).status).toBe(200);
    expect((await ask({ host: 'rebound.example.org' })).status).toBe(421);
    expect((await ask({}, '/')).status).toBe(404);
    expect((await ask({}, '/metrics', 'POST')).status).toBe(405);
    expect(await ask({}, '/metrics?x=1', 'HEAD')).toMatchObject({ status: 200, text: '' });
  });

  it('are given to no one else without a token', async () => {
    const listen = { address: '0.0.0.0', port: 0 };
    await expect(startServer({ listen })).rejects.toThrow('--metrics 0.0.0.0:0 needs a token');
  });

  it('need the token where there is one, under any name', async () => {
    const { ask } = await startServer({ token: new BearerToken(token, 'a file') });
    for (const authorization of [`Bearer ${token}x`, `Basic ${token}`, 'Bearer ', token]) {
      expect((await ask({ authorization })).status).toBe(401);
    }
    expect((await ask()).status).toBe(401);
    const authorization = `Bearer ${token}`;
    expect((await ask({ authorization, host: 'laptop.example.org' })).status).toBe(200);
    expect((await ask({ authorization }, '/other')).status).toBe(404);
  });

  it('that cannot be made end the connection, and are said once', async () => {
    const { ask, lines } = await startServer({ text: () => Promise.reject(new Error('no')) });
    await expect(ask()).rejects.toThrow('socket hang up');
    await expect(ask()).rejects.toThrow('socket hang up');
    expect(lines).toHaveLength(1);
  });
});

describe('a token', () => {
  it('has at least 16 letters that a header can have', () => {
    for (const each of ['short', '', 'with a space in it', 'x'.repeat(15), 'ü'.repeat(20)]) {
      expect(() => new BearerToken(each, 'the file')).toThrow('the token in the file must have');
    }
    expect(new BearerToken(token, 'f').matches(`bearer ${token}`)).toBe(true);
  });
});

/** The viewer's server in this process, with an archive that is made up, and requests byte by byte. */
import { once } from 'node:events';
import { type IncomingHttpHeaders, request as httpRequest } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { BearerToken } from '../../../../receiver/metrics/bearer-token.js';
import { proxyNetwork } from '../../../../receiver/listen/proxy-networks.js';
import { Proxies } from '../../../../receiver/web/access/client-address.js';
import { KeptSessions } from '../../../../receiver/web/access/kept-sessions.js';
import { openAccess } from '../../../../receiver/web/access/open-access.js';
import { PasswordAccess } from '../../../../receiver/web/access/password-access.js';
import { PasswordFile } from '../../../../receiver/web/access/password-file.js';
import { SessionFile } from '../../../../receiver/web/access/session-file.js';
import { writePassword } from '../../../../receiver/web/access/write-password.js';
import type { Archive } from '../../../../receiver/web/archive-port.js';
import { QueryError } from '../../../../receiver/web/queries/query-error.js';
import { HostNames } from '../../../../receiver/listen/host-names.js';
import { WebServer } from '../../../../receiver/web/server/web-server.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { keptLog } from '../../../support/log.js';
import { temporaryDirectory } from '../../../support/temporary.js';

export const hash = 'ab'.repeat(32);
export const framePath = `api/v1/frame/yard/2026_11_22/4711/${hash}.jpg`;
/** A JPEG that a browser would take for a page, if it looked. */
export const frameBytes = Buffer.concat([
  Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0x00, 0x10]),
  Buffer.from('<!doctype html><script>alert(1)</script>'),
]);
export const script = '</script><img src=x onerror=alert(1)>';

const gone = (): Promise<never> => Promise.reject(new QueryError('gone', 'it is deleted'));
export const madeUpArchive: Archive = {
  cameras: () => Promise.resolve({ now: 0, version: '1', cameras: [] }),
  states: () => Promise.resolve([]),
  days: (camera) => Promise.resolve({ camera: `${camera}${script}`, days: [] }),
  timeline: gone,
  frames: gone,
  events: gone,
  frame: (_camera, _day, _lineAt, sha256) =>
    sha256 === hash ? Promise.resolve(frameBytes) : gone(),
  strip: () => Promise.resolve(frameBytes),
  look: () => Promise.resolve([]),
  metrics: () => Promise.resolve('made_up 1\n'),
};

interface Settings {
  readonly archive?: Partial<Archive>;
  /** Names with their passwords; without them the viewer is open. */
  readonly metricsToken?: string;
  readonly passwords?: readonly { name: string; role: 'look' | 'keep'; password: string }[];
  readonly proxies?: readonly string[];
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly json: unknown;
}

export async function startViewer({
  archive,
  metricsToken,
  passwords,
  proxies = [],
}: Settings = {}) {
  const clock = new FakeClock();
  const { log, lines } = keptLog();
  const passwordFile = join(temporaryDirectory(), 'passwords');
  for (const each of passwords ?? []) await writePassword(passwordFile, each);
  const sessionFile = new SessionFile(join(temporaryDirectory(), 'sessions.json'), clock, log);
  const named = new Proxies(proxies.map((text) => proxyNetwork.parse(text)));
  const access =
    passwords === undefined
      ? openAccess
      : new PasswordAccess({
          file: await PasswordFile.open(passwordFile, clock),
          proxies: named,
          sessions: await KeptSessions.open(sessionFile, clock),
          ...{ clock, log },
        });
  const kept: unknown[] = [];
  const html = Buffer.from('<!doctype html>page');
  const asset = { bytes: html, gzip: undefined, type: 'text/html; charset=utf-8' };
  const web = new WebServer({
    archive: { ...madeUpArchive, ...archive },
    assets: new Map([
      ['index.html', { ...asset, isImmutable: false }],
      ['app-ABCDEFGH.js', { ...asset, type: 'text/javascript; charset=utf-8', isImmutable: true }],
    ]),
    hosts: new HostNames(['laptop', 'cams.example.org']),
    isProxy: (address) => named.includes(address),
    keep: (wish) => {
      kept.push(wish);
      return Promise.resolve({ waiting: false });
    },
    metricsToken: metricsToken === undefined ? undefined : new BearerToken(metricsToken, 'a file'),
    ...{ access, clock, log },
  });
  web.server.listen(0, '127.0.0.1');
  await once(web.server, 'listening');
  onTestFinished(() => web.close());
  const { port } = web.server.address() as AddressInfo;

  /** @param path sent as it is, not normalised */
  const ask = (
    path: string,
    {
      method = 'GET',
      headers = {},
      body,
    }: { method?: string; headers?: Record<string, string>; body?: string } = {},
  ): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port, path, method, headers, agent: false };
      const sent = httpRequest(options, (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(parts).toString('latin1');
          const isJson = response.headers['content-type']?.startsWith('application/json') === true;
          const json: unknown = isJson && text !== '' ? JSON.parse(text) : undefined;
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json });
        });
      });
      sent.on('error', reject);
      sent.end(body);
    });
  const post = (
    path: string,
    value: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> =>
    ask(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(value),
    });
  /** @returns the value of `Cookie` */
  const enter = async (name: string, password: string): Promise<string> => {
    const { headers } = await post('/api/v1/session', { name, password });
    return headers['set-cookie']?.[0]?.split(';')[0] ?? '';
  };
  /** Sends bytes as they are. @returns all that the server answers until it closes */
  const raw = async (...chunks: (string | Buffer)[]): Promise<string> => {
    const socket = connect(port, '127.0.0.1');
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
    socket.on('error', () => undefined);
    for (const chunk of chunks) socket.write(chunk);
    await once(socket, 'close');
    return text;
  };
  return { web, port, clock, lines, kept, passwordFile, ask, post, enter, raw };
}

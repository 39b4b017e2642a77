/** The examples of docs/viewer.md for Caddy and nginx, run by those programs, with the real viewer behind. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { writePassword } from '../../receiver/web/access/write-password.js';
import { MadeRecords, startMs } from '../receiver/web/queries/made-records.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/ports.js';
import { root } from '../support/programs.js';
import { temporaryDirectory } from '../support/temporary.js';

const section =
  readFileSync(`${root}docs/viewer.md`, 'utf8').split('\n## Behind a proxy\n')[1] ?? '';
/** Those without a language: the console's are not among them. */
const [ofCaddy = '', ofCaddyBelow = '', ofNginx = ''] = [
  ...(section.split('\n## ')[0] ?? '').matchAll(/^```(\w*)\n([^]*?)^```$/gm),
].flatMap(([, language, text = '']) => (language === '' ? [text] : []));

interface Example {
  readonly program: 'caddy' | 'nginx';
  readonly title: string;
  readonly host: string;
  readonly base: string;
  readonly scheme: 'http' | 'https';
  /** @returns the text of the configuration file */
  readonly configuration: (port: number, folder: string) => string;
  readonly args: (file: string, folder: string) => readonly string[];
}

const caddyfile = (example: string, host: string) => (port: number) =>
  `{\n  admin off\n  auto_https disable_redirects\n  skip_install_trust\n  http_port 1\n}\n` +
  example.replace(`${host} {`, `https://${host}:${port} {\n  bind 127.0.0.1\n  tls internal`);
const caddyArgs = (file: string) => ['run', '--config', file, '--adapter', 'caddyfile'];

const examples: readonly Example[] = [
  {
    ...{ program: 'caddy', title: 'a name of its own', host: 'cams.example.org', base: '/' },
    ...{ scheme: 'https', configuration: caddyfile(ofCaddy, 'cams.example.org'), args: caddyArgs },
  },
  {
    ...{ program: 'caddy', title: 'a path of another site', host: 'example.org', base: '/cams/' },
    ...{ scheme: 'https', configuration: caddyfile(ofCaddyBelow, 'example.org'), args: caddyArgs },
  },
  {
    ...{ program: 'nginx', title: 'a path of another site', host: 'example.org', base: '/cams/' },
    scheme: 'http',
    configuration: (port, folder) => `
      ${process.getuid?.() === 0 ? 'user root;' : ''} daemon off; pid ${folder}/pid; error_log stderr;
      events {}
      http {
        access_log off;
        ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`).join(' ')}
        server { listen 127.0.0.1:${port}; ${ofNginx} }
      }`,
    args: (file, folder) => ['-p', folder, '-c', file],
  },
];

const isThere = (program: string): boolean =>
  spawnSync(program, ['version'], { stdio: 'ignore' }).error === undefined;

describe.each(examples)('$program with $title', (example) => {
  const { program, host, base, scheme } = example;
  const why = isThere(program) ? undefined : `${program} is not installed`;
  describe.skipIf(why !== undefined)(why ?? 'in front of the viewer', () => {
    let origin = '';
    let port = 0;
    let output = '';

    const start = (command: string, args: readonly string[], folder: string): void => {
      const env = { PATH: `${process.env.PATH}:/usr/sbin`, HOME: folder, XDG_DATA_HOME: folder };
      const child = spawn(command, args, { env: { ...env, XDG_CONFIG_HOME: folder } });
      for (const stream of [child.stdout, child.stderr]) {
        stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
      }
      onTestFinished(() => void child.kill());
    };

    const frame = (minute: number) => ({
      ...{ atMs: startMs + minute * 60_000, utcOffsetMinutes: 0, event: 'a', changed: true },
      ...{ strength: 1, lines: 1, isDeleted: false, isKept: false },
    });

    const serve = async (): Promise<MadeRecords> => {
      const records = new MadeRecords();
      const folder = temporaryDirectory();
      records.add([frame(0)]);
      const passwords = join(folder, 'passwords');
      await writePassword(passwords, { name: 'anna', role: 'keep', password: 'garden gate' });
      const viewerPort = await freePort();
      port = await freePort();
      origin = `${scheme}://${host}:${port}`;
      const flags = ['--web-host', host, '--web-proxy', '127.0.0.1'];
      const viewer = [`${root}dist/receiver.js`, 'web', '--dir', records.directory];
      const own = ['--web', String(viewerPort), '--web-password-file', passwords];
      start(process.execPath, [...viewer, ...own, ...flags], folder);
      const file = join(folder, 'configuration');
      const text = example.configuration(port, folder);
      expect(text).toContain('127.0.0.1:8080');
      writeFileSync(file, text.replaceAll('127.0.0.1:8080', `127.0.0.1:${viewerPort}`));
      mkdirSync(join(folder, 'logs'));
      start(program, example.args(file, folder), folder);
      await eventually(async () => (await ask('')).status === 200, 'the page').catch(
        (cause: unknown) => {
          throw new Error(`no page. The programs wrote: ${output}`, { cause });
        },
      );
      return records;
    };

    const curlArgs = (path: string, from: string, args: readonly string[]): string[] => [
      ...['--silent', '--show-error', '--insecure', '--interface', from, '--max-time', '20'],
      ...['--resolve', `${host}:${port}:127.0.0.1`, ...args, `${origin}${base}${path}`],
    ];
    const ask = (path: string, { from = '127.0.0.2', args = [] as readonly string[] } = {}) =>
      new Promise<{ status: number; head: string; body: string }>((resolve) => {
        const child = spawn('curl', curlArgs(path, from, ['--include', '--http1.1', ...args]));
        let text = '';
        child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
        child.on('close', () => {
          const [head = '', ...rest] = text.split('\r\n\r\n');
          resolve({ status: Number(head.split(' ')[1]), head, body: rest.join('\r\n\r\n') });
        });
      });
    const enter = (password: string, from: string, ...headers: string[]) => {
      const json = ['--header', 'content-type: application/json', '--header', `origin: ${origin}`];
      const data = ['--data', JSON.stringify({ name: 'anna', password })];
      const more = headers.flatMap((header) => ['--header', header]);
      return ask('api/v1/session', { from, args: [...json, ...more, ...data] });
    };

    it('shows the page, with files that are found from where it is', async () => {
      await serve();
      const { body } = await ask('');
      const script = /src="([^"]+\.js)"/.exec(body)?.[1] ?? body;
      expect(script).not.toMatch(/^\/|:/);
      expect((await ask(script)).status).toBe(200);
      expect((await ask('api/v1/cameras')).status).toBe(401);
      if (base === '/') return;
      const args = ['--write-out', '%{redirect_url}', '--output', '/dev/null'];
      const { stdout } = spawnSync(
        'curl',
        curlArgs('', '127.0.0.2', args).map((word) => word.replace(/\/cams\/$/, '/cams')),
        { encoding: 'utf8' },
      );
      expect(stdout).toMatch(/\/cams\/$/);
    });

    it('passes on who asks, how, and live events at once', async () => {
      const records = await serve();
      const { status, head } = await enter('garden gate', '127.0.0.2');
      expect(status).toBe(200);
      const cookie = /^set-cookie: (.*)$/im.exec(head)?.[1] ?? '';
      expect(cookie.includes('; Secure')).toBe(scheme === 'https');
      const header = ['--header', `cookie: ${cookie.split(';')[0]}`];
      expect((await ask('api/v1/cameras', { args: header })).body).toContain('"yard"');
      const live = spawn('curl', curlArgs('api/v1/live', '127.0.0.2', ['--no-buffer', ...header]));
      onTestFinished(() => void live.kill());
      let events = '';
      live.stdout.on('data', (chunk: Buffer) => (events += chunk.toString()));
      await eventually(() => events.includes('"type":"cameras"'), 'the first events');
      records.add([frame(1)]);
      await eventually(() => events.includes('"count":1'), 'the new frame');
      expect(live.exitCode).toBeNull();
    });

    it('slows who guesses, also with an address that is made up, and no other address', async () => {
      await serve();
      const guess = (from: string, n = 0) =>
        enter('garden door', from, `X-Forwarded-For: 192.0.2.${n}`);
      const answers: number[] = [];
      // The first pause is a second, each further one twice as long: a slow machine needs more than a second for a guess.
      while (answers.length < 12 && answers.at(-1) !== 429)
        answers.push((await guess('127.0.0.5', answers.length)).status);
      expect(answers.slice(0, 4)).toEqual([401, 401, 401, 401]);
      expect(answers.at(-1)).toBe(429);
      expect((await guess('127.0.0.6')).status).toBe(401);
      expect((await enter('garden gate', '127.0.0.6')).status).toBe(200);
    });
  });
});

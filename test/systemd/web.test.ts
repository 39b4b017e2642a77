/** The viewer as a service of its own: it shows frames to those who may see them, and can do nothing else. */
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { makeJpeg } from '../support/pictures.js';
import { type Lab, whyNoLab } from './lab.js';
import { arrived, bootShipped, captures, edit, writeInLab } from './shipped.js';

const why = whyNoLab();
const camera = 'raw-127-0-0-1';
const socket = 'picchanged-web.socket';
const service = 'picchanged-web.service';
const passwordFile = '/etc/picchanged/web-passwords';
/** An address of the lab that is not the machine's own loopback. */
const address = '192.0.2.7';
const page = '/usr/local/lib/picchanged/web/index.html';

describe.skipIf(why !== undefined)(`the viewer's service ${why ?? ''}`, () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await bootShipped();
    // A build without the page.
    if (!existsSync(lab.path(page))) writeInLab(lab, page, '<!doctype html>');
    await lab.must('ip', 'link', 'set', 'lo', 'up');
    await lab.must('ip', 'address', 'add', `${address}/32`, 'dev', 'lo');
    await lab.must('systemctl', 'start', 'surveillance-many.socket');
    await lab.runWithInput(makeJpeg(1), 'socat', '-', 'TCP:localhost:4444');
    await arrived(lab, camera, 1);
  });
  afterAll(() => lab.close());

  const curl = (host: string, path: string, ...args: string[]): Promise<string> =>
    lab.must('curl', '--silent', '--show-error', ...args, `http://${host}:8080/${path}`);
  const status = (host: string, path: string, ...args: string[]): Promise<string> =>
    curl(host, path, '--output', '/dev/null', '--write-out', '%{http_code}', ...args);
  const json = ['--header', 'content-type: application/json', '--data'];

  it('starts for a browser of this machine, shows the frames, and ends when no page is open', async () => {
    const command = '/usr/local/bin/receiver web --dir /var/lib/surveillance --idle-exit 1s';
    await edit(lab, service, ['[Service]', 'ExecStart=', `ExecStart=${command}`]);
    await lab.must('systemctl', 'start', socket);
    expect(await lab.show(service, 'ActiveState')).toBe('inactive');
    const cameras = await curl('127.0.0.1', 'api/v1/cameras');
    const url = /"url":"(frame\/[^"]+)"/.exec(cameras)?.[1] ?? cameras;
    expect(await status('127.0.0.1', `api/v1/${url}`)).toBe('200');
    expect(await status('127.0.0.1', '', '--header', 'X-Forwarded-For: 192.0.2.1')).toBe('200');
    const proxied = ['--header', 'X-Forwarded-For: 192.0.2.1'];
    expect(await status('127.0.0.1', 'api/v1/cameras', ...proxied)).toBe('403');
    await lab.until(service, 'ActiveState', 'inactive');
    expect(await lab.show(service, 'Result')).toBe('success');
    expect(await status('127.0.0.1', 'api/v1/cameras')).toBe('200');
  });

  it('may read frames, and neither write them nor read keys', async () => {
    const keys = `${captures}/.keys/yard.json`;
    writeInLab(lab, keys, '{"secret":1}');
    await lab.must('chown', '-R', 'surveillance:surveillance', `${captures}/.keys`);
    // Even where the modes would allow it.
    await lab.must('chmod', '-R', 'a+rwX', captures);
    const words = ['--pipe', '--wait', '--quiet', '--collect'];
    const { stdout } = await lab.sh(
      `systemctl cat ${service} | sed -n 's/^\\([A-Z][A-Za-z]*=.*\\)/\\1/p'`,
    );
    const kinds = /^(?:User|SupplementaryGroups|Inaccessible|Protect|Private|Restrict|NoNew|Capab)/;
    const sandbox = stdout
      .split('\n')
      .filter((line) => kinds.test(line))
      .flatMap((line) => ['--property', line]);
    const inside = (line: string) =>
      lab.run('systemd-run', ...words, ...sandbox, 'bash', '--norc', '-c', line);
    expect(await inside('id -un')).toMatchObject({ code: 0, stdout: 'picchanged-web\n' });
    expect((await inside(`ls ${captures}/${camera}/*/*.jpg`)).code).toBe(0);
    expect((await inside(`cat ${keys}`)).code).not.toBe(0);
    expect((await inside(`ls ${captures}/.keys/`)).stdout).toBe('');
    expect((await inside(`touch ${captures}/x`)).stderr).toContain('Read-only file system');
    expect((await inside(`echo x >> ${captures}/${camera}/x`)).stderr).toContain('Read-only');
    await lab.must('chmod', '-R', 'o-rwx,g-w', captures);
    const wish = JSON.stringify({ camera, event: '1795332615123', keep: true });
    expect(await status('127.0.0.1', 'api/v1/keep', ...json, wish)).toMatch(/^4(03|10)$/);
  });

  it('is not open to other machines without a password, and asks for it', async () => {
    await edit(lab, socket, ['[Socket]', 'ListenStream=', 'ListenStream=0.0.0.0:8080']);
    await lab.must('systemctl', 'stop', socket, service);
    await lab.must('systemctl', 'start', socket);
    await lab.run('curl', '--max-time', '5', `http://${address}:8080/api/v1/cameras`);
    await lab.says(service, 'needs a password');

    await lab.must('install', '-m', '640', '-g', 'picchanged-web', '/dev/null', passwordFile);
    const add = ['receiver', 'web-password', 'anna', '--file', passwordFile];
    expect((await lab.runWithInput('garden gate\n', ...add)).code).toBe(0);
    expect(await lab.must('stat', '-c', '%U:%G %a', passwordFile)).toBe('root:picchanged-web 640');
    writeInLab(lab, '/etc/picchanged/web.env', `RECEIVER_WEB_PASSWORD_FILE=${passwordFile}\n`);
    await lab.must('systemctl', 'stop', socket, service);
    await lab.must('systemctl', 'reset-failed', socket, service);
    await lab.must('systemctl', 'start', socket);
    expect(await status(address, 'api/v1/cameras')).toBe('401');
    expect(await curl(address, 'api/v1/session')).toContain('"isUnencrypted":true');
    const entry = JSON.stringify({ name: 'anna', password: 'garden gate' });
    const jar = '/run/cookies';
    expect(await status(address, 'api/v1/session', '--cookie-jar', jar, ...json, entry)).toBe(
      '200',
    );
    const seen = await curl(address, 'api/v1/cameras', '--cookie', jar);
    expect(seen).toContain(camera);
    const live = lab.start('curl', '-sN', '--cookie', jar, `http://${address}:8080/api/v1/live`);
    let text = '';
    live.stdout?.on('data', (chunk: Buffer) => (text += chunk.toString()));
    await eventually(() => text.includes('"type":"cameras"'), 'the states of the cameras');
    await lab.runWithInput(makeJpeg(2), 'socat', '-', 'TCP:localhost:4444');
    await eventually(() => text.includes('"count":1'), 'a new frame, live');
    live.kill();
  });
});

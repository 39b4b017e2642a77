/** The viewer that `receiver install --web` sets up, opened from another machine. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { makeJpeg } from '../support/pictures.js';
import { Lab, packageAt, whyNoLab } from './lab.js';
import { arrivedIn, writeInLab } from './shipped.js';

const why = whyNoLab();
const folder = '/opt/picchanged';
const socket = 'picchanged-web.socket';
const service = 'picchanged-web.service';
const passwords = '/etc/picchanged/web-passwords';
const directory = '/srv/captures';
/** A raw sender that is this machine. */
const camera = 'raw-127-0-0-1';
/** This machine, as another one reaches it. */
const address = '192.0.2.1';

describe.skipIf(why !== undefined)(`the installed viewer ${why ?? ''}`, () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await Lab.boot({
      copies: packageAt(folder),
    });
    await lab.must('useradd', '--create-home', '--uid', '4321', 'fred');
    // Another machine, with a cable between.
    await lab.must('ip', 'link', 'set', 'lo', 'up');
    await lab.must('ip', 'netns', 'add', 'elsewhere');
    const peer = ['peer', 'name', 'far', 'netns', 'elsewhere'];
    await lab.must('ip', 'link', 'add', 'near', 'type', 'veth', ...peer);
    await lab.must('ip', 'address', 'add', `${address}/24`, 'dev', 'near');
    await lab.must('ip', 'link', 'set', 'near', 'up');
    await elsewhere('ip', 'address', 'add', '192.0.2.2/24', 'dev', 'far');
    await elsewhere('ip', 'link', 'set', 'far', 'up');
  });
  afterAll(() => lab.close());

  const elsewhere = (...command: string[]): Promise<string> =>
    lab.must('ip', 'netns', 'exec', 'elsewhere', ...command);
  const words = ['node', `${folder}/dist/receiver.js`];
  const run = (...args: string[]) => lab.run(...words, ...args);
  const must = (...args: string[]) => lab.must(...words, ...args);
  const setPassword = (name: string, password: string, ...args: string[]) =>
    lab.runWithInput(`${password}\n`, ...words, 'web-password', name, ...args);

  /** A request of the other machine. @returns status and body */
  const ask = async (path: string, ...args: string[]): Promise<[number, string]> => {
    const words = ['curl', '--silent', '--show-error', '--max-time', '20'];
    const print = ['--write-out', '\n%{http_code}'];
    const said = await elsewhere(...words, ...print, ...args, `http://${address}:8080/${path}`);
    const at = said.lastIndexOf('\n');
    return [Number(said.slice(at + 1)), said.slice(0, at)];
  };
  const jar = '/run/cookies';
  const post = (path: string, value: unknown, ...args: string[]) => {
    const json = ['--header', 'content-type: application/json', '--data', JSON.stringify(value)];
    return ask(path, ...json, ...args);
  };
  const enter = (name: string, password: string) =>
    post('api/v1/session', { name, password }, '--cookie-jar', jar);
  const send = async (n: number, to = directory): Promise<void> => {
    await lab.runWithInput(makeJpeg(n), 'socat', '-', 'TCP:localhost:4444');
    await arrivedIn(lab, `${to}/${camera}`, n);
  };

  it('is not installed for other machines before there is a password, and install says what to type', async () => {
    const { code, stderr } = await run('install', '--dir', directory, '--web', '0.0.0.0:8080');
    expect(code).toBe(2);
    expect(stderr).toContain(
      '--web 0.0.0.0:8080: other machines reach it, and there is no password',
    );
    expect(stderr).toContain(`sudo receiver web-password NAME --file ${passwords}`);
    expect((await run('install', '--dir', directory, '--web', '4444')).stderr).toContain(
      'cameras connect to port 4444',
    );
    const alone = await run('install', '--dir', directory, '--web-host', 'cams.example.org');
    expect(alone.stderr).toContain('add --web [ADDRESS:]PORT');
    expect(await lab.show(socket, 'LoadState')).toBe('not-found');
    expect(await lab.show('surveillance-many.socket', 'LoadState')).toBe('not-found');
  });

  it('shows another machine nothing but the way in, and with a password the page and the frames', async () => {
    await must('install', '--dir', directory, '--web', '8080');
    const proxied = await run('install', '--web-proxy', '127.0.0.1');
    expect(proxied.code).toBe(2);
    expect(proxied.stderr).toContain('--web-proxy 127.0.0.1: other machines reach the viewer');
    expect((await setPassword('anna', 'garden gate', '--role', 'keep')).code).toBe(0);
    await must('install', '--web-proxy', '127.0.0.1');
    const print = ['--silent', '--output', '/dev/null', '--write-out', '%{http_code}'];
    const here = 'http://localhost:8080/api/v1/cameras';
    expect(await lab.must('curl', ...print, here)).toBe('401');
    await must('install', '--web-proxy', 'none');
    // Its own socket has the port.
    const said = await must('install', '--web', '0.0.0.0:8080');
    expect(said).toMatch(/note {5}see the frames: http:\/\/\S+:8080\//);
    expect(await lab.must('stat', '-c', '%U:%G %a', passwords)).toBe('root:picchanged-web 640');
    await send(1);
    expect(await ask('api/v1/cameras')).toMatchObject([401, expect.stringContaining('password')]);
    expect((await ask(''))[0]).toBe(200);
    expect(await ask('api/v1/session')).toEqual([
      200,
      '{"role":null,"name":null,"hasPassword":true,"isUnencrypted":true}',
    ]);
    for (const path of ['live', 'days', 'frames', 'events', 'timeline', 'strip', 'frame/x']) {
      expect((await ask(`api/v1/${path}`))[0]).toBe(401);
    }
    expect((await post('api/v1/keep', {}))[0]).toBe(401);
    expect((await enter('anna', 'garden door'))[0]).toBe(401);
    expect((await enter('anna', 'garden gate'))[0]).toBe(200);
    const [, cameras] = await ask('api/v1/cameras', '--cookie', jar);
    const url = /"url":"(frame\/[^"]+)"/.exec(cameras)?.[1] ?? cameras;
    expect((await ask(`api/v1/${url}`, '--cookie', jar, '--output', '/run/frame'))[0]).toBe(200);
    expect(
      await lab.must(
        'cmp',
        '/run/frame',
        (await lab.sh(`ls ${directory}/*/*/*.jpg`)).stdout.trim(),
      ),
    ).toBe('');
  });

  it('serves metrics to whom has the token, from its sandbox', async () => {
    const file = '/etc/picchanged/metrics-token';
    const token = 'c0ffee'.repeat(6);
    expect((await ask('metrics'))[0]).toBe(404);
    writeInLab(lab, file, `${token}\n`);
    await lab.must('chmod', '600', file);
    await must('install', '--metrics-token-file', file);
    expect(await lab.must('stat', '-c', '%U:%G %a', file)).toBe('root:picchanged-web 640');
    expect((await ask('metrics'))[0]).toBe(401);
    const [status, text] = await ask('metrics', '--header', `authorization: Bearer ${token}`);
    expect(status).toBe(200);
    expect(text).toContain('picchanged_captures_readable 1\n');
    expect(text).toContain('picchanged_stored_frames 1\n');
    expect(text).toContain('picchanged_refused_frames_total{reason="hash"} 0\n');
    const refused = await run('install', '--metrics', '9464');
    expect(refused.stderr).toContain('the viewer serves metrics');
    await must('install', '--metrics-token-file', 'none');
    expect((await ask('metrics'))[0]).toBe(404);
    await lab.must('rm', file);
  });

  it('keeps frames by the receiver, which alone writes the record', async () => {
    const [, cameras] = await ask('api/v1/cameras', '--cookie', jar);
    const frame = /"url":"(frame\/[^"]+)"/.exec(cameras)?.[1] ?? cameras;
    const keep = (wish: object) => post('api/v1/keep', wish, '--cookie', jar);
    const record = async () => (await lab.sh(`cat ${directory}/${camera}/*/record.jsonl`)).stdout;
    expect(await keep({ camera, frame, keep: true, note: 'mine' })).toEqual([
      200,
      '{"waiting":false}',
    ]);
    expect(await record()).toMatch(/"kept".*"mine"/);
    expect(await keep({ camera, frame, keep: false })).toEqual([200, '{"waiting":false}']);
    expect(await record()).toContain('"unkept"');
    const all = ['find', directory, '-ignore_readdir_race'];
    expect(await lab.must(...all, '!', '-user', 'surveillance')).toBe('');
    expect(await keep({ camera, event: '1795332615123', keep: true })).toMatchObject([
      410,
      expect.stringContaining('no frame of an event'),
    ]);
    expect((await keep({ camera: '../etc', event: '1', keep: true }))[0]).toBe(400);
    await lab.until('picchanged-keep.service', 'ActiveState', 'inactive');
    expect(await lab.show('picchanged-keep.service', 'Result')).toBe('success');
    expect((await keep({ camera, frame, keep: true }))[0]).toBe(200);

    await lab.must('systemctl', 'stop', 'picchanged-keep.path', 'picchanged-keep.service');
    expect(await keep({ camera, frame, keep: false })).toEqual([200, '{"waiting":true}']);
    const before = await record();
    await lab.must('systemctl', 'start', 'picchanged-keep.path');
    await lab.says('picchanged-keep.service', 'ended keeping for the viewer');
    await eventually(async () => (await record()) !== before, 'the request is done later');
    expect((await must('doctor', '--json')).includes('"ok":true')).toBe(true);
  });

  it('gives a viewer that an attacker controls nothing but keeping', async () => {
    const control = '/var/lib/picchanged-web';
    const name = (n: number): string => `${'0'.repeat(31)}${n}.json`;
    const wish = JSON.stringify({ camera, event: 'x', keep: true });
    const plant = `
      cd ${control}/requests && ln -s /etc/shadow ${name(1)} && mkfifo ${name(2)} && mkdir ${name(3)} &&
      truncate -s 1T ${name(4)} && echo '${wish}' > ${name(5)} && ln -s ${control}/requests loop &&
      mkdir -p full/inner && ! touch ${control}/answers/x && ! touch ${control}/x &&
      ! cat ${control}/answers/../../surveillance/.keys/*`;
    const planted = await lab.run(
      ...['runuser', '-u', 'picchanged-web', '-G', 'surveillance', '--'],
      ...['bash', '--norc', '-c', plant],
    );
    expect(planted).toMatchObject({ code: 0 });
    await eventually(
      async () => (await lab.must('ls', `${control}/requests`)) === 'full',
      'all but a full folder is removed',
    );
    const [, cameras] = await ask('api/v1/cameras', '--cookie', jar);
    const frame = /"url":"(frame\/[^"]+)"/.exec(cameras)?.[1] ?? cameras;
    const again = { camera, frame, keep: true, note: 'still works' };
    expect((await post('api/v1/keep', again, '--cookie', jar))[0]).toBe(200);
    // One run goes on, instead of many that start again and again.
    expect(Number(await lab.show('picchanged-keep.service', 'NRestarts'))).toBe(0);
    expect(await lab.show('picchanged-keep.path', 'ActiveState')).toBe('active');
    await lab.must('rm', '-r', `${control}/requests/full`);
  });

  it('is tried by doctor with the eyes of its service, and shown by status', async () => {
    const doctor = async () => {
      const { stdout } = await run('doctor', '--json');
      const { findings } = JSON.parse(stdout) as { findings: Record<string, string>[] };
      const ofViewer = /^(?:viewer|passwords|keeping|index)$/;
      return findings
        .filter(({ check = '' }) => ofViewer.test(check))
        .map(({ check = '', level = '', says = '' }) => `${check} ${level}: ${says}`);
    };
    const whole = [
      'viewer ok: http://localhost:8080/ shows the page',
      `viewer ok: reads 1 camera in ${directory}`,
      `passwords ok: 1 name in ${passwords}`,
      'keeping ok: asks the receiver to keep frames in /var/lib/picchanged-web/requests',
      'index ok: day indexes are in /var/cache/picchanged-web',
    ];
    expect(await doctor()).toEqual(whole);
    expect(await must('status')).toContain('the viewer at http://localhost:8080/ answers\n');
    // The port of cameras, not the viewer's.
    expect((await run('doctor', '--json')).stdout).toContain('"check":"port","level":"ok"');
    await lab.must('chmod', '600', passwords);
    await lab.must('chmod', '700', `${directory}/${camera}`);
    const [, captures, names] = await doctor();
    expect(captures).toMatch(/^viewer fault: the viewer's user cannot read the captures: .*EACCES/);
    expect(names).toMatch(/^passwords fault: the viewer admits no name: .*EACCES/);
    await lab.must('chmod', '640', passwords);
    await lab.must('chmod', '750', `${directory}/${camera}`);
    await lab.must('systemctl', 'stop', socket, service);
    expect((await doctor())[0]).toMatch(/^viewer fault: http:.*does not show the page: .*REFUSED/);
    expect(await must('status')).toContain('does not answer');
    await lab.must('systemctl', 'start', socket);
    expect(await doctor()).toEqual(whole);
  });

  it('keeps sessions when it ends, and ends them with their password', async () => {
    const status = async () => (await ask('api/v1/cameras', '--cookie', jar))[0];
    expect((await enter('anna', 'garden gate'))[0]).toBe(200);
    for (const act of ['stop', 'kill']) {
      const before = await lab.show(service, 'MainPID');
      await lab.must('systemctl', ...(act === 'kill' ? ['kill', '-s', 'KILL'] : ['stop']), service);
      expect(await status()).toBe(200);
      expect(await lab.show(service, 'MainPID')).not.toBe(before);
    }
    const sessions = '/var/lib/picchanged-web/sessions/sessions.json';
    expect(await lab.must('stat', '-c', '%U %a', sessions)).toBe('picchanged-web 600');
    expect((await setPassword('anna', 'another gate')).code).toBe(0);
    await eventually(async () => (await status()) === 401, 'the session ends');
    expect((await setPassword('anna', 'garden gate')).code).toBe(0);
    // A new process reads the file at once; a running one within a second, and counts wrong passwords.
    await lab.must('systemctl', 'stop', service);
    expect((await enter('anna', 'garden gate'))[0]).toBe(200);
    await lab.must('systemctl', 'stop', service);
    await lab.must('truncate', '-s', '50', sessions);
    expect(await status()).toBe(401);
    await lab.says(service, 'cannot read the sessions');
    expect((await enter('anna', 'garden gate'))[0]).toBe(200);
  });

  it('keeps what a second install does not name, and takes back what it is told to', async () => {
    const env = '/etc/picchanged/web.env';
    await must('install', '--web-host', 'cams.example.org', '--web-proxy', '127.0.0.1');
    const settings = await lab.must('cat', env);
    expect(settings).toContain('RECEIVER_WEB_HOST=cams.example.org');
    expect(settings).toContain('RECEIVER_WEB_PROXY=127.0.0.1');
    expect(settings).toContain(`RECEIVER_WEB_PASSWORD_FILE=${passwords}`);
    expect(await lab.show(socket, 'Listen')).toBe('0.0.0.0:8080 (Stream)');
    expect((await ask('', '--header', 'Host: cams.example.org'))[0]).toBe(200);
    await must('install', '--web-host', 'none');
    expect(await lab.must('cat', env)).not.toContain('cams.example.org');
    expect((await ask('', '--header', 'Host: cams.example.org'))[0]).toBe(421);
    expect(await must('install')).toContain('nothing has changed');
    await lab.must('rm', passwords);
    expect((await run('install')).stderr).toContain(`there is no password file ${passwords}`);
    expect((await setPassword('anna', 'garden gate', '--role', 'keep')).code).toBe(0);
    await must('install');
    expect((await enter('anna', 'garden gate'))[0]).toBe(200);
  });

  it('is taken away again, and the receiver stays', async () => {
    await must('install', '--web', 'none');
    expect(await lab.show(socket, 'LoadState')).toBe('not-found');
    expect(await lab.show(service, 'LoadState')).toBe('not-found');
    expect(await lab.show('surveillance-many.socket', 'ActiveState')).toBe('active');
    expect((await lab.sh('ls -p /etc/picchanged | grep -v /')).stdout).toBe(
      'receiver.env\nreceiver.env.example\nweb-passwords\n',
    );
    await must('install', '--web', '8080');
    expect(await lab.show(socket, 'Listen')).toBe('127.0.0.1:8080 (Stream)');
    const env = '/etc/picchanged/web.env';
    await lab.sh(`echo '# mine' >> ${env}`);
    expect(await must('install', '--web', 'none')).toContain(
      `keep     ${env}.saved: ${env} has changes`,
    );
    expect(await lab.must('cat', `${env}.saved`)).toContain('# mine');
    await lab.must('rm', `${env}.saved`);
    const said = await must('uninstall');
    expect((await lab.sh('ls /var/lib /var/cache | grep picchanged-web')).stdout).toBe('');
    expect(said).toContain(`keep     ${passwords}: passwords of the viewer are in it`);
    expect(said).toContain('keep     user picchanged-web');
    await lab.must('rm', '-r', passwords, directory);
    await lab.must('userdel', 'surveillance');
    await lab.must('userdel', 'picchanged-web');
  });

  it('reads captures in a home as a member of their group, and nothing else there', async () => {
    const captures = '/home/fred/my captures';
    await lab.must('chmod', '700', '/home/fred');
    writeInLab(lab, '/home/fred/diary', 'dear diary');
    await lab.must('install', '-d', '-o', 'fred', '-g', 'fred', '-m', '700', captures);
    const refused = await run('install', '--dir', captures, '--web', '8080');
    expect(refused.stderr).toContain(`a member of group fred, may not read ${captures}`);
    await lab.must('chmod', '750', captures);
    await must('install', '--dir', captures, '--web', '8080');
    await send(1, captures);
    const seen = await lab.must('curl', '-s', 'http://127.0.0.1:8080/api/v1/cameras');
    expect(seen).toContain(camera);
    const pid = await lab.show(service, 'MainPID');
    const inside = (await lab.sh(`ls -a /proc/${pid}/root/home/fred`)).stdout.trim().split('\n');
    expect(inside).toEqual(['.', '..', 'my captures']);
    await must('uninstall');
  });

  it('is a service of one user alone, who keeps frames without another service', async () => {
    await lab.must('systemctl', 'start', 'user@4321.service');
    const bus = ['XDG_RUNTIME_DIR=/run/user/4321', 'HOME=/home/fred', 'PATH=/usr/bin:/bin'];
    const asFred = (...args: string[]) =>
      lab.must('runuser', '-u', 'fred', '--', 'env', ...bus, ...words, ...args);
    await asFred('install', '--user', '--dir', '/home/fred/mine', '--web', '8080');
    await send(1, '/home/fred/mine');
    const url = 'http://127.0.0.1:8080/api/v1';
    const cameras = await lab.must('curl', '-s', `${url}/cameras`);
    const frame = /"url":"(frame\/[^"]+)"/.exec(cameras)?.[1] ?? cameras;
    const data = ['--data', JSON.stringify({ camera, frame, keep: true })];
    const json = ['-s', '--header', 'content-type: application/json', ...data];
    expect(await lab.must('curl', ...json, `${url}/keep`)).toBe('{"waiting":false}');
    expect((await lab.sh('cat /home/fred/mine/*/*/record.jsonl')).stdout).toContain('"kept"');
    expect(await asFred('status', '--user')).toContain(
      'the viewer at http://localhost:8080/ answers',
    );
    expect(await asFred('doctor', '--user')).toMatch(
      /ok +viewer +reads 1 camera in \/home\/fred\/mine/,
    );
    await asFred('install', '--user', '--web', 'none');
    await asFred('uninstall', '--user');
  });
});

/** `install` and `uninstall` of both programs in a real systemd: it works, keeps what it is told, leaves nothing. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { Lab, packageAt, whyNoLab } from './lab.js';

const why = whyNoLab();
const folder = '/opt/picchanged';

interface Findings {
  readonly ok: boolean;
  readonly findings: readonly { check: string; level: string; says: string }[];
}

describe.skipIf(why !== undefined)(`install${why === undefined ? '' : ` (${why})`}`, () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await Lab.boot({
      copies: packageAt(folder),
    });
    // Left by tests that pair as root on this machine.
    await lab.must('rm', '-rf', '/etc/picchanged');
    await lab.must('useradd', '--create-home', '--uid', '4321', 'fred');
  });
  afterAll(() => lab.close());

  const program = (name: string) => {
    const words = ['node', `${folder}/dist/${name}.js`];
    return {
      run: (...args: string[]) => lab.run(...words, ...args),
      must: (...args: string[]) => lab.must(...words, ...args),
      findings: async (...args: string[]) => {
        const { stdout } = await lab.run(...words, 'doctor', '--json', ...args);
        return JSON.parse(stdout) as Findings;
      },
    };
  };
  const agent = program('agent');
  const receiver = program('receiver');

  /** Every name in the places that an installation touches, and the accounts. */
  const listing = async (): Promise<string> => {
    const places = ['/etc', '/usr/local/lib', '/var/lib', '/opt', '/srv', '/home'];
    const depth = ['-maxdepth', '4', '-printf', '%p %y %m %u %g\n'];
    const names = (await lab.must('find', ...places, ...depth)).split('\n');
    // useradd keeps the last version of its files.
    const kept = names.filter((line) => !/^\/etc\/(?:\S+-|\.pwd\.lock) f/.test(line));
    return [...kept.sort(), await lab.must('cat', '/etc/passwd', '/etc/group')].join('\n');
  };

  const frames = async (directory: string): Promise<string[]> => {
    const { stdout } = await lab.run('find', directory, '-name', '*.jpg');
    return stdout.split('\n').filter((name) => name !== '');
  };
  const framesCome = (directory: string): Promise<string[]> =>
    eventually(async () => {
      const found = await frames(directory);
      return found.length > 0 && found;
    }, `frames in ${directory}`).catch(async (cause: unknown) => {
      const journal = await lab.must('journalctl', '--output', 'cat', '--lines', '60');
      throw new Error(`no frames. The journal:\n${journal}`, { cause });
    });

  it('sets up a receiver and an agent, whose frames arrive; a second time it changes what is said', async () => {
    // systemd makes it with the first timer that is persistent; a machine that has run for a day has it.
    await lab.must('mkdir', '-p', '/var/lib/systemd/timers');
    const before = await listing();
    await receiver.must('install', '--dir', '/srv/captures', '--max-frame', '8MiB');
    expect(await lab.must('stat', '-c', '%U %a', '/srv/captures')).toBe('surveillance 750');
    await agent.must('install', '--host', '127.0.0.1', '--device', 'TEST:', '--camera', 'yard');
    const [frame = ''] = await framesCome('/srv/captures');
    expect(frame).toMatch(/^\/srv\/captures\/yard\//);
    expect(await lab.must('stat', '-c', '%U %a', frame)).toBe('surveillance 640');
    const modesOf = (...paths: string[]): Promise<string> => lab.must('stat', '-c', '%a', ...paths);
    const units = '/etc/systemd/system';
    const readable = [`${units}/picchanged-watch.service`, `${units}/surveillance-many.service`];
    expect(await modesOf(...readable)).toBe('644\n644');
    const settingsFiles = ['/etc/picchanged/agent.env', '/etc/picchanged/receiver.env'];
    expect(await modesOf(...settingsFiles)).toBe('640\n640');
    expect(await agent.findings()).toMatchObject({ ok: true });
    expect(await receiver.findings()).toMatchObject({ ok: true });
    expect(await agent.must('status')).toContain('picchanged-watch.service is active (running)');
    expect(await receiver.must('status')).toMatch(/yard: last frame \d+ s ago, \d+ frames? today/);

    expect(await agent.must('install')).toContain('nothing has changed');
    await lab.must('sed', '-i', '$a# mine\\nAGENT_MIN_AREA=1%', '/etc/picchanged/agent.env');
    expect(await agent.must('install', '--timer')).toContain(
      'restart  /etc/picchanged/agent.env was edited since the last install',
    );
    await agent.must('install', '--timer', '--interval', '3s');
    const settings = await lab.must('cat', '/etc/picchanged/agent.env');
    expect(settings).toContain('# mine\nAGENT_MIN_AREA=1%');
    expect(settings).toContain('AGENT_INTERVAL=3s');
    expect(settings).toContain('AGENT_HOST=127.0.0.1');
    expect(await lab.show('picchanged-watch.service', 'LoadState')).toBe('not-found');
    expect(await lab.show('picchanged.timer', 'ActiveState')).toBe('active');
    expect(await lab.must('cat', '/etc/systemd/system/picchanged.timer')).toContain(
      'OnUnitInactiveSec=3s',
    );
    const stays = 'AGENT_INTERVAL=3s stays from before';
    expect(await agent.must('install', '--watch')).toContain(stays);
    expect(await agent.must('install', '--timer', '--interval', '3s')).not.toContain(stays);
    // What is not said stays: the timer, and where the frames go.
    await agent.must('install', '--camera', 'garage');
    expect(await lab.show('picchanged.timer', 'ActiveState')).toBe('active');
    await receiver.must('install', '--accept', '--listen', '4447');
    await receiver.must('install');
    expect(await lab.show('surveillance.socket', 'Listen')).toBe('[::]:4447 (Stream)');
    // An address that is not there yet, as at boot.
    await receiver.must('install', '--accept=no', '--listen', '192.0.2.7:4447');
    expect(await lab.show('surveillance-many.socket', 'ActiveState')).toBe('active');
    await receiver.must('install', '--accept', '--listen', '4447');
    expect((await receiver.findings()).findings).toContainEqual(
      expect.objectContaining({ check: 'port', level: 'ok' }),
    );

    const gone = await agent.must('uninstall');
    const saved = '/etc/picchanged/agent.env.saved';
    expect(gone.match(/^keep .*$/gm)).toEqual([
      `keep     ${saved}: /etc/picchanged/agent.env has changes that install did not make`,
    ]);
    expect(gone).toContain(`note     the programs themselves stay in ${folder}`);
    expect(await lab.must('cat', saved)).toContain('# mine\nAGENT_MIN_AREA=1%');
    await lab.must('rm', saved);
    const kept = await receiver.must('uninstall');
    expect(kept).toContain('keep     /srv/captures');
    // The user whose captures stay, stays. Then everything is as it was.
    await lab.must('rm', '-r', '/srv/captures');
    await lab.must('userdel', 'surveillance');
    expect(await listing()).toBe(before);
    expect(
      await lab.must('systemctl', 'list-units', '--all', 'picchanged*', 'surveillance*'),
    ).toContain('0 loaded units');
  });

  it('lets root keep, erase, prune and verify what the receiver goes on writing', async () => {
    const directory = '/srv/captures';
    await receiver.must('install', '--dir', directory);
    const source = ['--source', 'scene', '--all', '--interval', '100ms'];
    await agent.must('install', '--host', '127.0.0.1', '--camera', 'yard', ...source);
    const atLeast = (count: number): Promise<string[]> =>
      eventually(async () => {
        const found = (await frames(directory)).sort();
        return found.length >= count && found;
      }, `${count} frames in ${directory}`);
    const [keptFrame = '', erasedFrame = ''] = await atLeast(30);
    expect(await receiver.must('keep', keptFrame)).toContain('kept: 1 frame in yard/');
    const local = erasedFrame.split('/').at(-1)?.split('_').slice(0, 6) ?? [];
    const [year = '', month = '', day = '', hour = '', minute = '', second = ''] = local;
    const from = `${year}-${month}-${day}T${hour}:${minute}:${second}`;
    const to = new Date(Date.parse(`${from}Z`) + 1000).toISOString().slice(0, 19);
    const stretch = ['--camera', 'yard', '--from', from, '--to', to, '--why', 'a test'];
    expect(await receiver.must('erase', ...stretch, '--with-kept')).toMatch(/^erased [1-9]/);
    expect(await frames(directory)).not.toContain(erasedFrame);
    const [newest = ''] = (await atLeast(30)).slice(-1);
    await receiver.must('keep', newest);
    await receiver.must('prune', '--max-size', '1MiB', '--yes');
    expect(await frames(directory)).toContain(newest);
    expect(await receiver.must('verify')).toContain('yard: all as recorded');
    expect(
      await receiver.must('export', '--camera', 'yard', '--from', from, '--to', to, '/root/out'),
    ).toContain('frames');
    const isNew = (name: string): boolean => name > newest;
    await eventually(async () => (await frames(directory)).some(isNew), 'frames after that');
    await lab.must('systemctl', 'restart', 'surveillance-many.service');
    const count = (await frames(directory)).length;
    await atLeast(count + 2);
    expect(await receiver.must('verify')).toContain('yard: all as recorded');
    // A file that is being written has another name in the next moment.
    const findWritten = ['find', directory, '-ignore_readdir_race'];
    expect(await lab.must(...findWritten, '!', '-user', 'surveillance')).toBe('');
    expect(await lab.must(...findWritten, '-perm', '/o+r')).toBe('');
    expect(await receiver.findings()).toMatchObject({ ok: true });
    await agent.must('uninstall');
    await receiver.must('uninstall');
    await lab.must('rm', '-r', directory, '/root/out');
    await lab.must('userdel', 'surveillance');
  });

  it('keeps captures in somebody’s home, as that user, under any name; of homes the service sees no more', async () => {
    const home = '/home/fred/100% "mine" $HOME';
    await receiver.must('install', '--dir', home);
    await agent.must(
      ...['install', '--host', '127.0.0.1', '--source', 'scene', '--camera', 'yard'],
    );
    const [frame = ''] = await framesCome(home);
    expect(await lab.must('stat', '-c', '%U', frame)).toBe('fred');
    await lab.must('sh', '-c', 'echo secret > /home/fred/diary');
    const pid = await lab.show('surveillance-many.service', 'MainPID');
    const inside = ['nsenter', '--target', pid, '--mount', 'ls', '/home/fred'];
    expect(await lab.must(...inside)).toBe('100% "mine" $HOME');
    await agent.must('uninstall');
    expect(await receiver.must('uninstall')).toContain(`keep     ${home}`);
    expect(await frames(home)).not.toEqual([]);
    expect((await lab.run('getent', 'passwd', 'surveillance')).code).toBe(2);
  });

  it('copies what lies where services do not see it', async () => {
    await lab.must('cp', '-r', folder, '/root/checkout');
    await lab.must('cp', await lab.must('readlink', '-f', '/usr/bin/node'), '/root/node');
    const there = ['/root/node', '/root/checkout/dist/agent.js'];
    await receiver.must('install');
    const told = await lab.must(
      ...[...there, 'install', '--host', 'localhost', '--source', 'scene', '--camera', 'yard'],
    );
    expect(told).toContain('copied to /usr/local/lib/picchanged/agent');
    await framesCome('/var/lib/surveillance');
    const words = await lab.show('picchanged-watch.service', 'ExecStart');
    expect(words).toContain('path=/usr/local/lib/picchanged/agent/node ');
    await lab.must(...there, 'uninstall');
    await receiver.must('uninstall');
    expect((await lab.run('ls', '/usr/local/lib/picchanged')).code).toBe(2);
  });

  it('gives settings to the service as they were typed, whatever is in them', async () => {
    const words = ['printf', 'a b\'c"d\\e$f`g%h#i;j\n', '$HOME', '%n', 'ü', '', '\\'];
    const install = ['install', '--host', 'localhost [::1]:4448', '--source', 'command'];
    await agent.must(...install.slice(0, 2), 'localhost', '--source', 'command', '--', ...words);
    const unit = 'picchanged-watch.service';
    const dump = '[Service]\nExecStart=\nExecStart=/usr/bin/env -0\nType=oneshot\nRestart=no\n';
    await lab.must('mkdir', '-p', `/etc/systemd/system/${unit}.d`);
    await lab.must(
      'sh',
      '-c',
      'printf %s "$1" > "$2"',
      'sh',
      dump,
      `/etc/systemd/system/${unit}.d/dump.conf`,
    );
    await lab.must(
      'sh',
      '-c',
      `echo 'StandardOutput=file:/run/dump' >> /etc/systemd/system/${unit}.d/dump.conf`,
    );
    await lab.must('systemctl', 'daemon-reload');
    await lab.must('systemctl', 'restart', unit);
    const variables = (await lab.must('cat', '/run/dump')).split('\0');
    const command = variables.find((each) => each.startsWith('AGENT_COMMAND='));
    expect(JSON.parse(command?.slice('AGENT_COMMAND='.length) ?? '')).toEqual(words);
    await lab.must('rm', '-r', `/etc/systemd/system/${unit}.d`);
    await agent.must('uninstall');
  });

  it('overwrites nobody’s units, and takes frames that wait away from nobody', async () => {
    const unit = '/etc/systemd/system/picchanged-watch.service';
    await lab.must('sh', '-c', `echo '[Service]' > ${unit}`);
    const args = ['install', '--host', '127.0.0.1:9', '--source', 'scene', '--camera', 'yard'];
    expect(await agent.run(...args)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`${unit} is not from install`) as string,
    });
    expect((await lab.run('getent', 'passwd', 'picchanged')).code).toBe(2);
    await agent.must(...args, '--force');
    await lab.must('sed', '-i', 's/^Restart=.*/Restart=no/', unit);
    expect(await agent.run('install')).toMatchObject({
      stderr: expect.stringContaining('was changed since install wrote it') as string,
    });
    await eventually(
      async () => /waiting/.test(await agent.must('status')),
      'a frame that waits for nobody',
    );
    expect(await agent.must('uninstall')).toMatch(
      /keep {5}\/var\/lib\/picchanged\/agent: \d+ undelivered frame/,
    );
    expect((await lab.run('getent', 'passwd', 'picchanged')).code).toBe(0);
    expect(await agent.run('uninstall')).toMatchObject({ code: 1 });
  });

  it('sends each version of a picture that another program overwrites', async () => {
    await lab.must('rm', '-r', '/var/lib/picchanged');
    await receiver.must('install', '--dir', '/srv/pictures');
    await lab.must('mkdir', '/srv/monitor');
    const path = '/srv/monitor/100% of it.jpg';
    await agent.must('install', '--host', 'localhost', '--camera', 'yard', '--path', path);
    await lab.must('fswebcam', '--device', 'TEST:', '/srv/monitor/first.jpg');
    await lab.must('mv', '/srv/monitor/first.jpg', path);
    await framesCome('/srv/pictures');
    expect((await agent.findings()).findings).toContainEqual(
      expect.objectContaining({ check: 'frame', level: 'ok' }),
    );
    await agent.must('uninstall');
    await receiver.must('uninstall');
  });

  it('is a service of one user alone, without root', async () => {
    await lab.must('systemctl', 'start', 'user@4321.service');
    const words = [
      'HOME=/home/fred',
      'XDG_RUNTIME_DIR=/run/user/4321',
      'PATH=/usr/bin:/bin',
      'node',
    ];
    const asFred = (name: string, ...args: string[]): Promise<string> =>
      lab.must(
        'runuser',
        '-u',
        'fred',
        '--',
        'env',
        ...words,
        `${folder}/dist/${name}.js`,
        ...args,
      );
    await asFred('receiver', 'install', '--user', '--dir', '/home/fred/mine');
    const source = ['--source', 'scene', '--camera', 'shed'];
    await asFred('agent', 'install', '--user', '--host', 'localhost', ...source);
    await framesCome('/home/fred/mine');
    expect(await asFred('agent', 'status', '--user')).toMatch(/is active.*\nan agent runs/s);
    expect(await asFred('receiver', 'status', '--user')).toContain('shed: last frame');
    await asFred('agent', 'doctor', '--user');
    await asFred('receiver', 'doctor', '--user');
    await asFred('agent', 'uninstall', '--user');
    await asFred('receiver', 'uninstall', '--user');
    const left = ['/home/fred/.config', '/home/fred/.local/share', '-type', 'f'];
    expect((await lab.run('find', ...left)).stdout).toBe('');
  });
});

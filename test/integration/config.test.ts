/** `config` of both programs, and what install, doctor and the programs say about a settings file with a fault. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root, run } from '../support/programs.js';
import { temporaryDirectory } from '../support/temporary.js';

const typed = (name: string, args: readonly string[], env = {}) =>
  run(process.execPath, [`${root}dist/${name}.js`, ...args], { env });

/** A home with a settings file of a user's installation. */
function homeWith(name: string, text: string) {
  const home = temporaryDirectory();
  const folder = join(home, '.config', 'picchanged');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${name}.env`);
  writeFileSync(file, text);
  return { env: { HOME: home, XDG_CONFIG_HOME: '', XDG_DATA_HOME: '' }, file };
}

const faulty = '# mine\nAGENT_HOST=laptop\nAGENT_MIN_AERA=3%\nAGENT_INTERVAL=5\n';

describe('config', () => {
  it('--check names each fault with file and line, and exits with 2', async () => {
    const { file } = homeWith('agent', faulty);
    const { code, stdout, stderr } = await typed('agent', ['config', '--check', '--file', file]);
    expect(code).toBe(2);
    expect(stdout.split('\n')).toEqual([
      `${file}:3: AGENT_MIN_AERA is unknown: did you mean AGENT_MIN_AREA?`,
      expect.stringContaining(`${file}:4: AGENT_INTERVAL '5': the unit is missing`),
      '',
    ]);
    expect(stderr).toBe(`agent: ${file} has 2 faults\n`);
  });

  it('--check exits with 0 for a file without fault, and with 3 when it cannot look', async () => {
    const { file } = homeWith('receiver', 'RECEIVER_DIR=/srv/a\n');
    const check = (path: string) => typed('receiver', ['config', '--check', '--file', path]);
    expect(await check(file)).toMatchObject({ code: 0, stdout: `${file}: no fault\n` });
    expect(await check(`${file}.gone`)).toMatchObject({ code: 3, stdout: '' });
  });

  it('shows each setting with its origin', async () => {
    const { file, env } = homeWith('agent', 'AGENT_HOST=laptop\n');
    const args = ['config', '--user', '--interval', '2s'];
    const { code, stdout } = await typed('agent', args, env);
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`^AGENT_HOST=laptop +${file}:1$`, 'm'));
    expect(stdout).toMatch(/^AGENT_INTERVAL=2s +--interval$/m);
    expect(stdout).toMatch(/^AGENT_SKIP=10 +default$/m);
    expect(stdout).not.toContain('AGENT_HELP');
  });
});

describe('config of a unit that has a drop-in', () => {
  it('names the drop-in when it sets something for the program', async () => {
    const { env } = homeWith('agent', 'AGENT_HOST=laptop\n');
    const unit = 'picchanged-watch.service';
    const library = join(env.HOME, '.local/share/picchanged');
    mkdirSync(library, { recursive: true });
    const folder = join(env.HOME, '.config/systemd/user', `${unit}.d`);
    mkdirSync(folder, { recursive: true });
    const write = (name: string, text: string): string => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const memory = write('memory.conf', '[Service]\nMemoryMax=1G\n');
    const own = write('install.conf', '[Service]\nEnvironment=AGENT_SKIP=3\n');
    const manifest = { files: { [own]: '' }, folders: [], units: [unit] };
    writeFileSync(join(library, 'agent.installed.json'), JSON.stringify(manifest));
    const shown = async () => (await typed('agent', ['config', '--user'], env)).stdout;
    expect(await shown()).not.toMatch(/ sets /);
    const other = write('override.conf', '[Service]\nEnvironment=AGENT_INTERVAL=9s\nExecStart=\n');
    const stdout = await shown();
    expect(stdout).toContain(
      `${other} sets ExecStart, Environment: not read here, it may change what is above; ` +
        `see systemctl --user cat ${unit}\n`,
    );
    for (const path of [memory, own]) expect(stdout).not.toContain(path);
  });
});

describe('a settings file with a fault', () => {
  it('is refused by install, which changes nothing', async () => {
    const { file, env } = homeWith('agent', faulty);
    const install = ['install', '--user', '--dry-run'];
    const { code, stdout, stderr } = await typed('agent', install, env);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(`${file}:3: AGENT_MIN_AERA is unknown: did you mean AGENT_MIN_AREA?`);
    expect(stderr).toContain('and 1 more fault; nothing was changed');
    expect(readFileSync(file, 'utf8')).toBe(faulty);
    writeFileSync(file, faulty.replace('AGENT_MIN_AERA=3%\n', ''));
    expect((await typed('agent', [...install, '--interval', '5s'], env)).code).toBe(0);
    expect((await typed('agent', [...install, '--interval='], env)).code).toBe(0);
    expect((await typed('agent', install, env)).code).toBe(2);
  });

  it('is a finding of doctor, which checks the rest', async () => {
    const { file, env } = homeWith('receiver', 'RECEIVER_DIR=/srv/no\nRECEIVER_QUOTA=much\n');
    const { code, stdout } = await typed('receiver', ['doctor', '--user', '--json'], env);
    expect(code).toBe(1);
    const { findings } = JSON.parse(stdout) as { findings: { check: string; says: string }[] };
    const settings = findings.filter(({ check }) => check === 'settings');
    expect(settings).toEqual([
      expect.objectContaining({
        level: 'fault',
        says: expect.stringContaining(`${file}:2: RECEIVER_QUOTA 'much'`) as string,
        todo: 'correct the file, then: receiver install --user',
      }),
    ]);
    expect(findings.map(({ check }) => check)).toContain('captures');
  });

  it('makes the program say how to find the line', async () => {
    const { code, stderr } = await typed('agent', ['--host', 'x'], { AGENT_INTERVAL: '5' });
    expect(code).toBe(2);
    expect(stderr).toContain('for a service, agent config --check names the file and the line');
  });
});

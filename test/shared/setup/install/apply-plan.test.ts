/** Plans applied in temporary folders; system programs are replaced by a recorder. */
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { applyPlan } from '../../../../shared/setup/install/apply-plan.js';
import type { Plan } from '../../../../shared/setup/install/plan.js';
import { userScope } from '../../../../shared/setup/install/scope.js';
import { version } from '../../../../shared/cli/version.js';
import { manifestPath } from '../../../../shared/setup/install/manifest.js';
import { removeInstalled } from '../../../../shared/setup/install/remove-installed.js';
import type { RunTool } from '../../../../shared/process/run-tool.js';
import { filesBelow } from '../../../support/files.js';
import { temporaryDirectory } from '../../../support/temporary.js';

function setting(failing = /^$/) {
  const home = temporaryDirectory();
  const scope = userScope({ HOME: home });
  const printed: string[] = [];
  const commands: string[] = [];
  const run: RunTool = (program, args) => {
    const command = [program, ...args].join(' ');
    commands.push(command);
    const exitCode = failing.test(command) ? 1 : 0;
    return Promise.resolve({ exitCode, stdout: '', stderr: exitCode === 1 ? 'it broke\n' : '' });
  };
  const runner = {
    run,
    program: 'agent' as const,
    isUser: true,
    isDryRun: false,
    print: (line: string) => void printed.push(line),
  };
  const plan = (units: Readonly<Record<string, string>>, values = {}): Plan => ({
    program: 'agent',
    scope,
    systemUsers: [],
    folders: [],
    files: Object.entries(units).map(([name, text]) => ({
      path: join(scope.unitFolder, name),
      content: { text },
      mode: 0o644,
    })),
    settings: { path: join(scope.settingsFolder, 'agent.env'), values, heading: '# Hello\n' },
    enable: Object.keys(units),
    restart: [],
    stop: Object.keys(units),
    hasUdevRule: false,
    notes: [],
  });
  const leftovers = () => Promise.resolve({ remove: [], keep: [] });
  const uninstall = () => removeInstalled({ program: 'agent', scope, leftovers }, runner);
  return { home, scope, printed, commands, runner, plan, uninstall };
}

const all = { hidden: true };

describe('an installation', () => {
  it('is installed, started, and removed completely', async () => {
    const { home, runner, plan, commands, uninstall } = setting();
    await applyPlan(plan({ 'a.service': '[Unit]\n' }, { AGENT_HOST: 'x y' }), runner, false);
    expect(readFileSync(join(home, '.config/systemd/user/a.service'), 'utf8')).toBe('[Unit]\n');
    const settings = join(home, '.config/picchanged/agent.env');
    expect(readFileSync(settings, 'utf8')).toBe('# Hello\nAGENT_HOST="x y"\n');
    expect(statSync(settings).mode & 0o777).toBe(0o600);
    expect(commands).toEqual([
      'systemctl --user daemon-reload',
      'systemctl --user enable a.service',
      'systemctl --user restart a.service',
    ]);
    await uninstall();
    expect(filesBelow(home, all)).toEqual([]);
    expect(existsSync(join(home, '.config'))).toBe(false);
    await expect(uninstall()).rejects.toMatchObject({ code: 'INSTALL' });
  });

  it('has the modes of the plan, at any umask', async () => {
    const { scope, runner, plan } = setting();
    const before = process.umask(0o077);
    onTestFinished(() => void process.umask(before));
    await applyPlan(plan({ 'a.service': '[Unit]\n' }), runner, false);
    const modeOf = (path: string): number => statSync(path).mode & 0o777;
    expect(modeOf(join(scope.unitFolder, 'a.service'))).toBe(0o644);
    expect(modeOf(scope.unitFolder)).toBe(0o755);
    expect(modeOf(scope.settingsFolder)).toBe(0o755);
  });

  it('changes nothing in a dry run, and prints everything', async () => {
    const { home, runner, plan, commands, printed } = setting();
    await applyPlan(plan({ 'a.service': '[Unit]\n' }), { ...runner, isDryRun: true }, false);
    expect(filesBelow(home, all)).toEqual([]);
    expect(commands).toEqual([]);
    expect(printed.join('\n')).toContain('a.service:\n  | [Unit]');
    expect(printed).toContain('run      systemctl --user enable a.service');
  });

  it('changes only what differs the second time, and removes files that the plan no longer has', async () => {
    const { home, runner, plan, commands, printed, uninstall } = setting();
    await applyPlan(plan({ 'a.service': '1', 'b.timer': '1' }), runner, false);
    printed.length = commands.length = 0;
    await applyPlan(plan({ 'a.service': '1', 'b.timer': '1' }), runner, false);
    expect(printed).toEqual([
      'run      systemctl --user enable --now a.service b.timer',
      'nothing has changed',
    ]);
    printed.length = commands.length = 0;
    await applyPlan(plan({ 'a.service': '2' }), runner, false);
    expect(commands.slice(0, 2)).toEqual([
      'systemctl --user disable b.timer',
      'systemctl --user stop b.timer',
    ]);
    expect(printed.filter((line) => line.startsWith('write'))).toHaveLength(1);
    expect(filesBelow(join(home, '.config'), all)).toEqual([
      'picchanged/agent.env',
      'systemd/user/a.service',
    ]);
    await uninstall();
    expect(filesBelow(home, all)).toEqual([]);
  });

  it('says that a folder was made, and not that nothing has changed', async () => {
    const { home, runner, plan, printed } = setting();
    const path = join(home, 'captures');
    const withFolder = {
      ...plan({ 'a.service': '1' }),
      folders: [{ path, owner: undefined, mode: 0o750 }],
    };
    const install = async (): Promise<string[]> => {
      printed.length = 0;
      await applyPlan(withFolder, runner, false);
      return [...printed];
    };
    await install();
    expect(await install()).toContain('nothing has changed');
    rmSync(path, { recursive: true });
    const again = await install();
    expect(again).toContain(`make     ${path}`);
    expect(again).not.toContain('nothing has changed');
  });

  it('restarts services after an update, an edit of the settings, and an install that did not end', async () => {
    const { runner, plan, scope, commands, printed } = setting();
    const again = async (): Promise<void> => {
      printed.length = commands.length = 0;
      await applyPlan(plan({ 'a.service': '1' }), runner, false);
    };
    await again();
    const restart = 'systemctl --user restart a.service';
    const manifest = manifestPath(scope, 'agent');
    const change = (edit: (text: string) => string): void =>
      writeFileSync(manifest, edit(readFileSync(manifest, 'utf8')));
    change((text) => text.replace(/"version": ".*"/, '"version": "0.0.9"'));
    await again();
    expect(printed).toContain(`restart  this is ${version}; the last install was of 0.0.9`);
    expect(commands).toContain(restart);
    change((text) => text.replace(/,\s*"version": ".*"/, ''));
    await again();
    expect(printed.join('\n')).toContain('the last install was of a version before 0.2');
    appendFileSync(join(scope.settingsFolder, 'agent.env'), 'AGENT_SKIP=3\n');
    await again();
    expect(printed.join('\n')).toMatch(
      /restart {2}\S+agent\.env was edited since the last install/,
    );
    expect(commands).toContain(restart);
    await again();
    expect(printed).toContain('nothing has changed');
    const failing = setting(/restart/);
    await applyPlan(failing.plan({ 'a.service': '1' }), failing.runner, false).catch(() => 0);
    const mended = { ...failing.runner, run: runner.run };
    await applyPlan(failing.plan({ 'a.service': '1' }), mended, false);
    expect(failing.printed).toContain('restart  the last install did not end');
  });

  it('refuses to overwrite foreign and changed files, before it changes anything', async () => {
    const { runner, plan, scope, commands } = setting();
    await applyPlan(plan({ 'a.service': '1' }), runner, false);
    commands.length = 0;
    const [mine, foreign] = ['a.service', 'b.service'].map((name) => join(scope.unitFolder, name));
    writeFileSync(foreign ?? '', 'foreign');
    const second = plan({ 'a.service': '2', 'b.service': '2' });
    await expect(applyPlan(second, runner, false)).rejects.toThrow(
      `${foreign} is not from install`,
    );
    writeFileSync(mine ?? '', 'edited');
    await expect(applyPlan(second, runner, false)).rejects.toThrow('was changed since');
    expect(readFileSync(mine ?? '', 'utf8')).toBe('edited');
    expect(commands).toEqual([]);
    await applyPlan(second, runner, true);
    expect(readFileSync(foreign ?? '', 'utf8')).toBe('2');
  });

  it('has settings files of several services, which go when the plan has them no longer', async () => {
    const { home, scope, runner, plan, uninstall } = setting();
    const path = join(scope.settingsFolder, 'web.env');
    const moreSettings = [{ path, values: { RECEIVER_WEB_HOST: 'a' }, heading: '# Web\n' }];
    await applyPlan({ ...plan({ 'a.service': '1' }), moreSettings }, runner, false);
    writeFileSync(path, `${readFileSync(path, 'utf8')}MINE=1\n`);
    await applyPlan({ ...plan({ 'a.service': '2' }), moreSettings }, runner, false);
    expect(readFileSync(path, 'utf8')).toBe('# Web\nRECEIVER_WEB_HOST=a\nMINE=1\n');
    await applyPlan(plan({ 'a.service': '2' }), runner, false);
    expect(existsSync(path)).toBe(false);
    // It was edited.
    expect(readFileSync(`${path}.saved`, 'utf8')).toContain('MINE=1');
    rmSync(`${path}.saved`);
    await uninstall();
    expect(filesBelow(home, all)).toEqual([]);
  });

  it('removes all users that it made, also those that version 0.1 has noted', async () => {
    const { scope, runner, plan, commands, uninstall } = setting(/^getent passwd [ab]$/);
    const user = (name: string) => ({ name, gecos: name, home: '/' });
    const systemUsers = [user('a'), user('b'), user('present')];
    await applyPlan({ ...plan({ 'a.service': '1' }), systemUsers }, runner, false);
    expect(commands.filter((line) => line.startsWith('systemd-sysusers'))).toHaveLength(2);
    const manifest = join(scope.libraryFolder, 'agent.installed.json');
    const read = () => JSON.parse(readFileSync(manifest, 'utf8')) as Record<string, unknown>;
    expect(read()).toMatchObject({ madeUsers: ['a', 'b'], madeUser: 'a' });
    writeFileSync(manifest, JSON.stringify({ ...read(), madeUsers: undefined, madeUser: 'old' }));
    await applyPlan({ ...plan({ 'a.service': '2' }), systemUsers: [user('b')] }, runner, false);
    expect(read()).toMatchObject({ madeUsers: ['old', 'b'] });
    const known = {
      ...runner,
      run: () => Promise.resolve({ exitCode: 0, stdout: '', stderr: '' }),
    };
    commands.length = 0;
    await removeInstalled(
      { program: 'agent', scope, leftovers: () => Promise.resolve({ remove: [], keep: [] }) },
      { ...known, print: (line) => void commands.push(line) },
    );
    expect(commands.filter((line) => line.includes('userdel'))).toEqual([
      'run      userdel old',
      'run      userdel b',
    ]);
    await expect(uninstall()).rejects.toMatchObject({ code: 'INSTALL' });
  });

  it('keeps existing settings, and folders with foreign files', async () => {
    const { home, runner, plan, scope, uninstall } = setting();
    await applyPlan(plan({ 'a.service': '1' }), runner, false);
    writeFileSync(join(scope.unitFolder, 'other.service'), 'x');
    await uninstall();
    expect(filesBelow(home, all)).toEqual(['.config/systemd/user/other.service']);

    const other = setting();
    const settings = join(other.scope.settingsFolder, 'agent.env');
    mkdirSync(other.scope.settingsFolder, { recursive: true });
    writeFileSync(settings, 'AGENT_HOST=theirs\nAGENT_SEED=1\n');
    await applyPlan(other.plan({}, { AGENT_HOST: 'ours' }), other.runner, false);
    await other.uninstall();
    expect(other.printed).toContain(`keep     ${settings}: it was there before the first install`);
    expect(readFileSync(settings, 'utf8')).toBe('AGENT_HOST=ours\nAGENT_SEED=1\n');
  });

  it('keeps edited files under another name, and says what else stays', async () => {
    const { home, runner, plan, scope, printed, uninstall } = setting();
    const old = join(home, 'old-captures');
    const folders = [{ path: old, owner: undefined, mode: 0o750 }];
    await applyPlan({ ...plan({ 'a.service': '1' }), folders }, runner, false);
    writeFileSync(join(old, 'a.jpg'), 'x');
    const settings = join(scope.settingsFolder, 'agent.env');
    appendFileSync(settings, 'AGENT_SKIP=3\n');
    const unit = join(scope.unitFolder, 'a.service');
    mkdirSync(`${unit}.d`);
    writeFileSync(join(`${unit}.d`, 'mine.conf'), '[Service]\n');
    // This install records the edited settings.
    await applyPlan(plan({ 'a.service': '2' }), runner, false);
    writeFileSync(unit, 'edited');
    writeFileSync(`${unit}.saved`, 'older');
    printed.length = 0;
    await uninstall();
    expect(readFileSync(`${settings}.saved`, 'utf8')).toContain('AGENT_SKIP=3');
    expect(readFileSync(`${unit}.saved`, 'utf8')).toBe('older');
    expect(readFileSync(`${unit}.saved-2`, 'utf8')).toBe('edited');
    expect(existsSync(unit)).toBe(false);
    expect(printed.filter((line) => line.startsWith('keep'))).toEqual([
      `keep     ${unit}.saved-2: ${unit} has changes that install did not make`,
      `keep     ${settings}.saved: ${settings} has changes that install did not make`,
      `keep     ${unit}.d: drop-ins of a unit are in it`,
      `keep     ${old}: an earlier install used it`,
    ]);
  });

  it('keeps an edited unit under another name when the plan has it no longer', async () => {
    const { runner, plan, scope, printed } = setting();
    await applyPlan(plan({ 'a.service': '1', 'b.service': '1' }), runner, false);
    const unit = join(scope.unitFolder, 'a.service');
    writeFileSync(unit, 'edited');
    await applyPlan(plan({}), runner, false);
    expect(readFileSync(`${unit}.saved`, 'utf8')).toBe('edited');
    expect(printed.filter((line) => line.startsWith('keep'))).toEqual([
      `keep     ${unit}.saved: ${unit} has changes that install did not make`,
    ]);
  });

  it('makes the links of an enabled unit anew when a package has the unit now, and when it no longer has', async () => {
    const { runner, plan, commands } = setting();
    const own = plan({ 'a.service': '1' });
    const packaged = { ...plan({}), enable: own.enable, stop: own.stop };
    await applyPlan(own, runner, false);
    for (const next of [packaged, own]) {
      commands.length = 0;
      await applyPlan(next, runner, false);
      expect(commands).toContain('systemctl --user reenable a.service');
    }
    commands.length = 0;
    await applyPlan(plan({ 'a.service': '2' }), runner, false);
    expect(commands).toContain('systemctl --user enable a.service');
  });

  it('can be removed after a failed command', async () => {
    const { home, runner, plan, uninstall } = setting(/restart/);
    const broken = applyPlan(plan({ 'a.service': '1' }), runner, false);
    await expect(broken).rejects.toThrow('systemctl --user restart a.service failed: it broke');
    await uninstall();
    expect(filesBelow(home, all)).toEqual([]);
  });

  it('can be removed after a failure between two files', async () => {
    const { home, runner, plan, scope, uninstall } = setting();
    const obstacle = join(scope.unitFolder, 'b.service.part');
    mkdirSync(obstacle, { recursive: true });
    await expect(
      applyPlan(plan({ 'a.service': '1', 'b.service': '1' }), runner, false),
    ).rejects.toThrow();
    expect(existsSync(join(scope.unitFolder, 'a.service'))).toBe(true);
    await uninstall();
    expect(filesBelow(home, all)).toEqual([]);
  });
});

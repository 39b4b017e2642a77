/** Plans carried out in temporary folders; only the system's programs are played, to see what they are told. */
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { applyPlan } from '../../../../shared/setup/install/apply-plan.js';
import type { Plan } from '../../../../shared/setup/install/plan.js';
import { userScope } from '../../../../shared/setup/install/scope.js';
import { removeInstalled } from '../../../../shared/setup/install/remove-installed.js';
import type { RunTool } from '../../../../shared/process/run-tool.js';
import { filesBelow } from '../../../support/files.js';
import { temporaryDirectory } from '../../../support/temporary.js';

function setting(failing = /^$/) {
  const home = temporaryDirectory();
  const scope = userScope({ HOME: home });
  const told: string[] = [];
  const commands: string[] = [];
  const run: RunTool = (program, args) => {
    const command = [program, ...args].join(' ');
    commands.push(command);
    const exitCode = failing.test(command) ? 1 : 0;
    return Promise.resolve({ exitCode, stdout: '', stderr: exitCode === 1 ? 'it broke\n' : '' });
  };
  const orders = {
    run,
    isUser: true,
    isDryRun: false,
    say: (line: string) => void told.push(line),
  };
  const plan = (units: Readonly<Record<string, string>>, values = {}): Plan => ({
    program: 'agent',
    scope,
    systemUser: undefined,
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
  const uninstall = () => removeInstalled({ program: 'agent', scope, leftovers }, orders);
  return { home, scope, told, commands, orders, plan, uninstall };
}

const all = { hidden: true };

describe('an installation', () => {
  it('is put in place, started, and taken away without a trace', async () => {
    const { home, orders, plan, commands, uninstall } = setting();
    await applyPlan(plan({ 'a.service': '[Unit]\n' }, { AGENT_HOST: 'x y' }), orders, false);
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

  it('has the modes that the plan gives, whatever the umask is', async () => {
    const { scope, orders, plan } = setting();
    const before = process.umask(0o077);
    onTestFinished(() => void process.umask(before));
    await applyPlan(plan({ 'a.service': '[Unit]\n' }), orders, false);
    const modeOf = (path: string): number => statSync(path).mode & 0o777;
    expect(modeOf(join(scope.unitFolder, 'a.service'))).toBe(0o644);
    expect(modeOf(scope.unitFolder)).toBe(0o755);
    expect(modeOf(scope.settingsFolder)).toBe(0o755);
  });

  it('does nothing in a dry run, and tells everything', async () => {
    const { home, orders, plan, commands, told } = setting();
    await applyPlan(plan({ 'a.service': '[Unit]\n' }), { ...orders, isDryRun: true }, false);
    expect(filesBelow(home, all)).toEqual([]);
    expect(commands).toEqual([]);
    expect(told.join('\n')).toContain('a.service:\n  | [Unit]');
    expect(told).toContain('run      systemctl --user enable a.service');
  });

  it('changes a second time only what differs, and removes what is no longer wanted', async () => {
    const { home, orders, plan, commands, told, uninstall } = setting();
    await applyPlan(plan({ 'a.service': '1', 'b.timer': '1' }), orders, false);
    told.length = commands.length = 0;
    await applyPlan(plan({ 'a.service': '1', 'b.timer': '1' }), orders, false);
    expect(told).toEqual([
      'run      systemctl --user enable --now a.service b.timer',
      'nothing has changed',
    ]);
    told.length = commands.length = 0;
    await applyPlan(plan({ 'a.service': '2' }), orders, false);
    expect(commands.slice(0, 2)).toEqual([
      'systemctl --user disable b.timer',
      'systemctl --user stop b.timer',
    ]);
    expect(told.filter((line) => line.startsWith('write'))).toHaveLength(1);
    expect(filesBelow(join(home, '.config'), all)).toEqual([
      'picchanged/agent.env',
      'systemd/user/a.service',
    ]);
    await uninstall();
    expect(filesBelow(home, all)).toEqual([]);
  });

  it('refuses to overwrite what is not its own, or was changed, before it does anything', async () => {
    const { orders, plan, scope, commands } = setting();
    await applyPlan(plan({ 'a.service': '1' }), orders, false);
    commands.length = 0;
    const [mine, foreign] = ['a.service', 'b.service'].map((name) => join(scope.unitFolder, name));
    writeFileSync(foreign ?? '', 'somebody’s');
    const second = plan({ 'a.service': '2', 'b.service': '2' });
    await expect(applyPlan(second, orders, false)).rejects.toThrow(
      `${foreign} is not from install`,
    );
    writeFileSync(mine ?? '', 'edited');
    await expect(applyPlan(second, orders, false)).rejects.toThrow('was changed since');
    expect(readFileSync(mine ?? '', 'utf8')).toBe('edited');
    expect(commands).toEqual([]);
    await applyPlan(second, orders, true);
    expect(readFileSync(foreign ?? '', 'utf8')).toBe('2');
  });

  it('leaves settings that were there before it, and folders in which somebody has something', async () => {
    const { home, orders, plan, scope, uninstall } = setting();
    await applyPlan(plan({ 'a.service': '1' }), orders, false);
    writeFileSync(join(scope.unitFolder, 'other.service'), 'x');
    await uninstall();
    expect(filesBelow(home, all)).toEqual(['.config/systemd/user/other.service']);

    const other = setting();
    const settings = join(other.scope.settingsFolder, 'agent.env');
    mkdirSync(other.scope.settingsFolder, { recursive: true });
    writeFileSync(settings, 'AGENT_HOST=theirs\nAGENT_SEED=1\n');
    await applyPlan(other.plan({}, { AGENT_HOST: 'ours' }), other.orders, false);
    await other.uninstall();
    expect(readFileSync(settings, 'utf8')).toBe('AGENT_HOST=ours\nAGENT_SEED=1\n');
  });

  it('can be taken away, or finished, when it broke in the middle', async () => {
    const { home, orders, plan, uninstall } = setting(/restart/);
    const broken = applyPlan(plan({ 'a.service': '1' }), orders, false);
    await expect(broken).rejects.toThrow('systemctl --user restart a.service failed: it broke');
    await uninstall();
    expect(filesBelow(home, all)).toEqual([]);
  });

  it('knows what it wrote when it broke between two files', async () => {
    const { home, orders, plan, scope, uninstall } = setting();
    const obstacle = join(scope.unitFolder, 'b.service.part');
    mkdirSync(obstacle, { recursive: true });
    await expect(
      applyPlan(plan({ 'a.service': '1', 'b.service': '1' }), orders, false),
    ).rejects.toThrow();
    expect(existsSync(join(scope.unitFolder, 'a.service'))).toBe(true);
    await uninstall();
    expect(filesBelow(home, all)).toEqual([]);
  });
});

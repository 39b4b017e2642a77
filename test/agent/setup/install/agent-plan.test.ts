import { describe, expect, it } from 'vitest';
import { type Mode, agentPlan } from '../../../../agent/setup/install/agent-plan.js';
import type { Plan } from '../../../../shared/setup/install/plan.js';
import { systemScope, userScope } from '../../../../shared/setup/install/scope.js';
import { root } from '../../../support/programs.js';

const thisPackage = { root: root.replace(/\/$/, ''), node: process.execPath, isPackaged: false };
const planFor = (mode: Mode, changes: object = {}): Promise<Plan> =>
  agentPlan({
    mode,
    intervalMs: undefined,
    settings: { AGENT_HOST: 'laptop' },
    state: '/var/lib/picchanged/agent',
    consumed: undefined,
    secret: undefined,
    package: thisPackage,
    scope: systemScope,
    systemdVersion: 252,
    notes: [],
    ...changes,
  });

const textOf = (plan: Plan, name: string): string => {
  const content = plan.files.find(({ path }) => path.endsWith(`/${name}`))?.content;
  return content !== undefined && 'text' in content ? content.text : '';
};
const unitNames = ({ files }: Plan): string[] =>
  files.filter(({ content }) => 'text' in content).map(({ path }) => path);

describe('the agent’s plan', () => {
  it('starts the program by absolute paths that a service can access', async () => {
    const plan = await planFor({ kind: 'watch' });
    expect(unitNames(plan)).toEqual(['/etc/systemd/system/picchanged-watch.service']);
    expect(textOf(plan, 'picchanged-watch.service')).toMatch(
      /^ExecStart=\/\S+\/node \/\S+\/dist\/agent\.js$/m,
    );
    expect(plan.enable).toEqual(['picchanged-watch.service']);
    expect(plan.settings).toMatchObject({ path: '/etc/picchanged/agent.env' });
    expect(plan.systemUsers.map(({ name }) => name)).toEqual(['picchanged']);
  });

  it('has a timer with the requested interval', async () => {
    const plan = await planFor({ kind: 'timer' }, { intervalMs: 90_000 });
    expect(textOf(plan, 'picchanged.timer')).toMatch(
      /^OnActiveSec=1min$[^]*^OnUnitInactiveSec=90s$/m,
    );
    expect(textOf(plan, 'picchanged.service')).toMatch(/^ExecStart=.*agent\.js --once$/m);
    expect(plan.enable).toEqual(['picchanged.timer']);
    expect(textOf(await planFor({ kind: 'timer' }), 'picchanged.timer')).toMatch(
      /^OnUnitInactiveSec=10s$/m,
    );
  });

  it('changes the units of a package by drop-ins, and writes no unit', async () => {
    const packaged = { package: { ...thisPackage, isPackaged: true } };
    expect(unitNames(await planFor({ kind: 'watch' }, packaged))).toEqual([]);
    expect(unitNames(await planFor({ kind: 'timer' }, packaged))).toEqual([]);
    const timer = await planFor({ kind: 'timer' }, { ...packaged, intervalMs: 90_000 });
    expect(unitNames(timer)).toEqual(['/etc/systemd/system/picchanged.timer.d/install.conf']);
    expect(textOf(timer, 'picchanged.timer.d/install.conf')).toMatch(
      /^# Written by "agent install".*\n\[Timer\]\nOnUnitInactiveSec=\nOnUnitInactiveSec=90s$/m,
    );
    const path = await planFor({ kind: 'path', path: '/srv/a b%c.jpg' }, packaged);
    expect(unitNames(path).map((name) => name.replace('/etc/systemd/system/', ''))).toEqual([
      'picchanged.path.d/install.conf',
      'picchanged-path.service.d/install.conf',
    ]);
    expect(textOf(path, 'picchanged-path.service.d/install.conf')).toMatch(
      /^\[Service\]\nExecStart=\nExecStart=\S+\/node \S+ --source "file:\/srv\/a b%%c\.jpg" --all --idle-exit 10s\n$/m,
    );
    const ofUser = { ...packaged, scope: userScope({ HOME: '/home/fred' }) };
    expect(unitNames(await planFor({ kind: 'watch' }, ofUser))).toEqual([
      '/home/fred/.config/systemd/user/picchanged-watch.service',
    ]);
  });

  it('watches a path of any name', async () => {
    const plan = await planFor({ kind: 'path', path: '/srv/a b%c.jpg' });
    expect(textOf(plan, 'picchanged.path')).toMatch(/^PathChanged=\/srv\/a b%%c\.jpg$/m);
    expect(textOf(plan, 'picchanged-path.service')).toContain('--source "file:/srv/a b%%c.jpg" ');
  });

  it('has the udev rule for --plug, in the system only', async () => {
    const plan = await planFor({ kind: 'plug' });
    expect(unitNames(plan)).toContain('/etc/udev/rules.d/99-picchanged-webcam.rules');
    expect(plan).toMatchObject({ enable: [], hasUdevRule: true, stop: ['picchanged-webcam@*'] });
    const scope = userScope({ HOME: '/home/fred' });
    await expect(planFor({ kind: 'plug' }, { scope })).rejects.toMatchObject({ code: 'USAGE' });
  });

  it('has growing restart pauses where systemd supports them', async () => {
    const plan = await planFor({ kind: 'watch' }, { systemdVersion: 254 });
    expect(unitNames(plan)).toContain(
      '/etc/systemd/system/picchanged-watch.service.d/restart-steps.conf',
    );
  });

  it('lets the service write into the folder whose files it removes, and into no other', async () => {
    const name = '/etc/systemd/system/picchanged-watch.service.d/consume.conf';
    const plan = await planFor({ kind: 'watch' }, { consumed: '/srv/ftp/50% yard' });
    expect(unitNames(plan)).toContain(name);
    expect(textOf(plan, 'consume.conf')).toMatch(/^ReadWritePaths="-\/srv\/ftp\/50%% yard"$/m);
    expect(plan.notes.join('\n')).toContain('user picchanged needs write access');
    expect(unitNames(await planFor({ kind: 'watch' }))).not.toContain(name);
    const scope = userScope({ HOME: '/home/fred' });
    const ofUser = await planFor({ kind: 'watch' }, { consumed: '/home/fred/yard', scope });
    expect(textOf(ofUser, 'consume.conf')).toBe('');
  });

  it('copies no files for a user, whose services can access the home', async () => {
    const scope = userScope({ HOME: '/home/fred' });
    const plan = await planFor({ kind: 'watch' }, { scope });
    expect(plan.files.map(({ path }) => path)).toEqual([
      '/home/fred/.config/picchanged/agent.env.example',
      '/home/fred/.config/systemd/user/picchanged-watch.service',
    ]);
    expect(textOf(plan, 'picchanged-watch.service')).toMatch(
      /^EnvironmentFile=\/home\/fred\/\.config\/picchanged\/agent\.env$/m,
    );
    expect(plan.systemUsers).toEqual([]);
  });
});

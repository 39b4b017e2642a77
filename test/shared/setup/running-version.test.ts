/** The version that a service writes at its start, and what is said about it. */
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { version } from '../../../shared/cli/version.js';
import { readUnitStates } from '../../../shared/setup/doctor/unit-state.js';
import {
  versionDifference,
  versionFindings,
  versionLines,
} from '../../../shared/setup/doctor/version-findings.js';
import { systemScope } from '../../../shared/setup/install/scope.js';
import { serviceVersions, writeRunningVersion } from '../../../shared/setup/running-version.js';
import { keptLog } from '../../support/log.js';
import { temporaryDirectory } from '../../support/temporary.js';

const unit = 'picchanged-watch.service';

/** A service that runs, with its program in a package of this version. */
function serviceOf(installed: string, runtime = 'RuntimeDirectory=picchanged-watch\n') {
  const home = temporaryDirectory();
  const runtimeDirectory = join(home, 'run', 'picchanged-watch');
  mkdirSync(runtimeDirectory, { recursive: true });
  mkdirSync(join(home, 'package', 'dist'), { recursive: true });
  writeFileSync(join(home, 'package', 'package.json'), JSON.stringify({ version: installed }));
  writeFileSync(join(home, 'package', 'dist', 'agent.js'), '');
  symlinkSync('package/dist/agent.js', join(home, 'agent'));
  const shown =
    `Id=${unit}\nLoadState=loaded\nActiveState=active\nSubState=running\n${runtime}` +
    `ExecStart={ path=/usr/bin/node ; argv[]=/usr/bin/node ${home}/agent --once ; ignore_errors=no }\n`;
  const scope = { ...systemScope, runtimeFolder: join(home, 'run') };
  return {
    runtimeDirectory,
    read: async () => (await serviceVersions(readUnitStates(shown), scope))[0],
  };
}

describe('the version of a service', () => {
  it('is read from its runtime directory, and beside its program', async () => {
    const { runtimeDirectory, read } = serviceOf('9.9.9');
    const env = { RUNTIME_DIRECTORY: `${runtimeDirectory}:/run/other` };
    const { log } = keptLog();
    await writeRunningVersion(env, log);
    expect(readFileSync(join(runtimeDirectory, 'version'), 'utf8')).toBe(`${version}\n`);
    const expected = { unit, running: { version }, installed: '9.9.9' };
    expect(await read()).toEqual(expected);
    await writeRunningVersion({}, log);
  });

  it('is unknown, hidden or of before 0.2 without a file', async () => {
    const old = serviceOf('0.2.0');
    expect(await old.read()).toMatchObject({ running: { reason: 'before 0.2' } });
    expect(await serviceOf('0.2.0', '').read()).toMatchObject({ running: { reason: 'unknown' } });
  });

  it('that cannot be written is logged, and the service runs on', async () => {
    const { log, lines } = keptLog();
    await writeRunningVersion({ RUNTIME_DIRECTORY: '/no/such' }, log);
    expect(lines.join('\n')).toContain('status and doctor cannot know which version runs');
  });
});

describe('what is said of versions', () => {
  const running = { version: '0.2.0' } as const;
  it.each([
    [{ unit, running, installed: '0.2.0' }, undefined],
    [{ unit, running, installed: '0.3.0' }, `${unit} runs 0.2.0; 0.3.0 is installed`],
    [{ unit, running, installed: '0.2.0' }, `${unit} runs 0.2.0; this is 0.3.0`, '0.3.0'],
    [
      { unit, running: { reason: 'before 0.2' } as const, installed: undefined },
      `${unit} runs a version before 0.2; 0.2.0 is installed`,
    ],
    [
      { unit, running: { reason: 'unknown' } as const, installed: '0.2.0' },
      `which version ${unit} runs is not known: its unit is from before 0.2; 0.2.0 is installed`,
    ],
    [{ unit, running: { reason: 'hidden' } as const, installed: '0.2.0' }, undefined],
  ])('%j: %s', (service, expected, own = '0.2.0') => {
    expect(versionDifference(service, own)).toBe(expected);
  });

  it('is a warning with the command that restarts, and ok only for what is known', () => {
    const install = 'sudo agent install';
    const old = { unit, running: { version: '0.1.9' }, installed: version };
    expect(versionFindings([old], install)).toMatchObject([
      { level: 'warning', todo: 'sudo agent install, which restarts it' },
    ]);
    const same = { unit, running: { version }, installed: version };
    expect(versionLines([same], install)).toEqual([`version ${version} is installed, and runs`]);
    const hidden = { unit, running: { reason: 'hidden' } as const, installed: version };
    expect(versionFindings([hidden], install)).toMatchObject([{ level: 'warning' }]);
    expect(versionFindings([], install)[0]?.says).toContain('no service runs now');
  });
});

/**
 * The version that a service runs: each service writes it into its runtime directory at its start, since an update
 * replaces the program's files and not the process. Versions before 0.2 write none.
 */
import { chmod, readFile, realpath, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as v from 'valibot';
import type { Environment } from '../cli/command.js';
import { systemCode } from '../cli/errors.js';
import type { Log } from '../cli/log.js';
import { version } from '../cli/version.js';
import type { UnitState } from './doctor/unit-state.js';
import type { Scope } from './install/scope.js';

const fileName = 'version';

/** In a service of systemd; elsewhere nothing is written. A failure is logged: it does not keep the service from running. */
export async function writeRunningVersion(env: Environment, log: Log): Promise<void> {
  const directory = env.RUNTIME_DIRECTORY?.split(':')[0];
  if (!directory) return;
  const path = join(directory, fileName);
  try {
    await writeFile(path, `${version}\n`);
    await chmod(path, 0o644); // independent of the umask
  } catch (error) {
    log.warn('status and doctor cannot know which version runs', { error });
  }
}

export interface ServiceVersion {
  readonly unit: string;
  /**
   * `before 0.2`: the service has written none. `hidden`: this user cannot read it. `unknown`: the unit has no runtime
   * directory, since an install of before 0.2 wrote it.
   */
  readonly running:
    { readonly version: string } | { readonly reason: 'before 0.2' | 'hidden' | 'unknown' };
  /** Of the program that the unit starts next; undefined: it cannot be read. */
  readonly installed: string | undefined;
}

/** For each service that runs, except the processes for single connections, which end with them. */
export async function serviceVersions(
  units: readonly UnitState[],
  { runtimeFolder }: Scope,
): Promise<readonly ServiceVersion[]> {
  const services = units.filter(
    ({ name, sub }) =>
      sub === 'running' && name.endsWith('.service') && !name.startsWith('surveillance@'),
  );
  return Promise.all(
    services.map(async ({ name, runtimeDirectory, script }) => ({
      unit: name,
      running:
        runtimeDirectory === undefined
          ? ({ reason: 'unknown' } as const)
          : await readRunning(join(runtimeFolder, runtimeDirectory, fileName)),
      installed: script === undefined ? undefined : await versionOf(script),
    })),
  );
}

async function readRunning(path: string): Promise<ServiceVersion['running']> {
  try {
    return { version: (await readFile(path, 'utf8')).trim() };
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return { reason: 'before 0.2' };
    if (systemCode(error) === 'EACCES') return { reason: 'hidden' };
    throw error;
  }
}

/** @param script path of a program of this package @returns undefined: it cannot be read */
async function versionOf(script: string): Promise<string | undefined> {
  try {
    const path = join(dirname(await realpath(script)), '..', 'package.json');
    return v.parse(v.object({ version: v.string() }), JSON.parse(await readFile(path, 'utf8')))
      .version;
  } catch {
    return undefined;
  }
}

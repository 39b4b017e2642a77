/** `agent uninstall`: removes what install wrote; undelivered frames and keys stay. */
import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Environment } from '../../shared/cli/command.js';
import { ifExists } from '../../shared/files/if-exists.js';
import type { Scope } from '../../shared/setup/install/scope.js';
import type { Leftovers } from '../../shared/setup/install/remove-installed.js';
import { defineUninstall } from '../../shared/setup/install/uninstall.js';
import { counted } from '../../shared/cli/humanize.js';
import { surveySpool } from '../spool/spool-survey.js';
import { defaultStateDirectory } from '../service/state.js';
import { stateFolderName } from '../setup/units.js';

const usage = `agent uninstall

Stops the service and removes what agent install wrote: units, settings, copied programs, the user. Undelivered
frames and keys stay; their directories are printed.

`;

/** @throws {UsageError} @throws {OperationalError} INSTALL */
export const run = defineUninstall({
  program: 'agent',
  usage,
  findLeftovers: (scope, env) => Promise.resolve(() => leftovers(scope, env)),
});

/** The state directories of all agents: each camera of a machine has its own. */
async function leftovers({ stateFolder }: Scope, env: Environment): Promise<Leftovers> {
  const remove: string[] = [];
  const keep: { path: string; why: string }[] = [];
  if (stateFolder === undefined) {
    const path = dirname(defaultStateDirectory(env, 'any'));
    const isUsed = (await namesIn(path)).length > 0;
    return {
      remove,
      keep: isUsed ? [{ path, why: 'agents started by hand keep their state there too' }] : [],
    };
  }
  const parent = join(stateFolder, dirname(stateFolderName));
  for (const name of await namesIn(parent)) {
    const path = join(parent, name);
    const why = await reasonToKeep(path);
    if (why === undefined) remove.push(path);
    else keep.push({ path, why });
  }
  if (keep.length === 0) return { remove: [parent], keep };
  return { remove, keep };
}

/** Why a state directory stays; undefined: it can be removed. */
async function reasonToKeep(state: string): Promise<string | undefined> {
  if ((await namesIn(state)).some((name) => name.startsWith('key'))) return 'keys are in it';
  const spool = join(state, 'spool');
  const surveys = await surveySpool(spool);
  const waiting = surveys.reduce((sum, { waitingFrames }) => sum + waitingFrames, 0);
  if (waiting > 0)
    return `${counted(waiting, 'undelivered frame')} ${waiting === 1 ? 'is' : 'are'} in it`;
  for (const { receiver } of surveys) {
    const rejected = await namesIn(join(spool, receiver, 'rejected'));
    if (rejected.length > 0) return 'frames that the receiver refused are in it';
  }
  return undefined;
}

async function namesIn(folder: string): Promise<readonly string[]> {
  return (await ifExists(readdir(folder))) ?? [];
}

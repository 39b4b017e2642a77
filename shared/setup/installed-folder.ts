/** Finds the state folder of an installed service, for commands that are run beside it. */
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../cli/errors.js';
import type { Scope } from './install/scope.js';

/** @param name of `StateDirectory=` in the units @returns undefined: there is none */
export async function installedFolder(
  { stateFolder }: Scope,
  name: string,
): Promise<string | undefined> {
  if (stateFolder === undefined) return undefined;
  const path = join(stateFolder, name);
  try {
    await access(path);
    return path;
  } catch (error) {
    // It exists but is not accessible to this user (DynamicUser=).
    return systemCode(error) === 'EACCES' ? path : undefined;
  }
}

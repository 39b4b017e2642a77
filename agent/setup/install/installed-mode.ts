/** The mode of the installed agent: a second install keeps it, and the doctor checks its source. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../../../shared/cli/errors.js';
import { manifestPath, readManifest } from '../../../shared/setup/install/manifest.js';
import type { Scope } from '../../../shared/setup/install/scope.js';
import { readSettings } from '../../../shared/setup/install/unit-file.js';
import type { Mode } from './agent-plan.js';

/** @returns undefined when the agent is not installed @throws {OperationalError} INSTALL */
export async function installedMode(scope: Scope): Promise<Mode | undefined> {
  const manifest = await readManifest(manifestPath(scope, 'agent'));
  if (manifest === undefined) return undefined;
  const unit = (name: string): boolean => manifest.units.includes(name);
  if (unit('picchanged.timer')) return { kind: 'timer' };
  if (unit('picchanged-webcam@*')) return { kind: 'plug' };
  if (!unit('picchanged.path')) return { kind: 'watch' };
  const text = await readIfThere(join(scope.unitFolder, 'picchanged.path'));
  const [path] = readSettings(text, 'PathChanged');
  return path === undefined ? undefined : { kind: 'path', path: path.replaceAll('%%', '%') };
}

async function readIfThere(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return '';
    throw error;
  }
}

/** The mode of the installed agent: a second install keeps it, and the doctor checks its source. */
import { manifestPath, readManifest } from '../../../shared/setup/install/manifest.js';
import type { Scope } from '../../../shared/setup/install/scope.js';
import { readInstalledUnit } from '../../../shared/setup/install/shipped-units.js';
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
  const text = await readInstalledUnit(scope, 'picchanged.path', manifest);
  const [path] = readSettings(text ?? '', 'PathChanged');
  return path === undefined ? undefined : { kind: 'path', path: path.replaceAll('%%', '%') };
}

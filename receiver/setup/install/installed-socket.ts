/** The socket of the installed receiver, which a second install keeps. */
import type { Scope } from '../../../shared/setup/install/scope.js';
import { manifestPath, readManifest } from '../../../shared/setup/install/manifest.js';
import { readInstalledUnit } from '../../../shared/setup/install/shipped-units.js';
import { readSettings } from '../../../shared/setup/install/unit-file.js';

export interface InstalledSocket {
  /** A process for each connection. */
  readonly isAccept: boolean;
  /** `ListenStream=`. */
  readonly listen: readonly string[];
}

/** @returns undefined where nothing is installed @throws {OperationalError} INSTALL */
export async function installedSocket(scope: Scope): Promise<InstalledSocket | undefined> {
  const manifest = await readManifest(manifestPath(scope, 'receiver'));
  if (manifest === undefined) return undefined;
  const isAccept = manifest.units.includes('surveillance.socket');
  const name = isAccept ? 'surveillance.socket' : 'surveillance-many.socket';
  const text = await readInstalledUnit(scope, name, manifest);
  return { isAccept, listen: readSettings(text ?? '', 'ListenStream') };
}

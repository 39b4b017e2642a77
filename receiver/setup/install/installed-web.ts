/** The installed viewer, which a second install keeps. */
import { join } from 'node:path';
import type { Scope } from '../../../shared/setup/install/scope.js';
import { manifestPath, readManifest } from '../../../shared/setup/install/manifest.js';
import { readInstalledUnit } from '../../../shared/setup/install/shipped-units.js';
import { readSettings } from '../../../shared/setup/install/unit-file.js';
import { webSocket } from '../units.js';

/** The password file of an installation without `--web-password-file`. */
export function passwordFileOf({ settingsFolder }: Scope): string {
  return join(settingsFolder, 'web-passwords');
}

/** @returns `ListenStream=` of its socket; undefined: no viewer is installed @throws {OperationalError} INSTALL */
export async function installedWeb(scope: Scope): Promise<string | undefined> {
  const manifest = await readManifest(manifestPath(scope, 'receiver'));
  if (manifest?.units.includes(webSocket) !== true) return undefined;
  const text = await readInstalledUnit(scope, webSocket, manifest);
  return text === undefined ? undefined : readSettings(text, 'ListenStream').at(-1);
}

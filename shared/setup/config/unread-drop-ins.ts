/**
 * Drop-ins of the units that install did not write, as those of `systemctl edit`: what they set for the program is named,
 * and not shown.
 */
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ifExists } from '../../files/if-exists.js';
import { manifestPath, readManifest } from '../install/manifest.js';
import type { Scope } from '../install/scope.js';

export interface UnreadDropIn {
  readonly path: string;
  readonly unit: string;
  /** Of the keys that may set an option of the program. */
  readonly keys: readonly string[];
}

const keysOfSettings = ['ExecStart', 'Environment', 'EnvironmentFile', 'UnsetEnvironment'];

/** Where systemd looks (systemd.unit(5)). */
function unitFolders({ isUser, unitFolder, runtimeFolder }: Scope): readonly string[] {
  return isUser
    ? [unitFolder, '/etc/systemd/user', join(runtimeFolder, 'systemd', 'user')]
    : [unitFolder, '/run/systemd/system', '/usr/local/lib/systemd/system'];
}

/** @throws {OperationalError} INSTALL; a system error: one cannot be read */
export async function unreadDropIns(
  scope: Scope,
  program: 'agent' | 'receiver',
): Promise<readonly UnreadDropIn[]> {
  const { units = [], files = {} } = (await readManifest(manifestPath(scope, program))) ?? {};
  const found: UnreadDropIn[] = [];
  for (const unit of units) {
    if (!unit.endsWith('.service')) continue;
    const template = unit.replace(/@.*(?=\.service$)/, '@');
    for (const folder of unitFolders(scope)) {
      for (const name of new Set([unit, template])) {
        const all = await dropInsIn(join(folder, `${name}.d`), unit);
        // Those of install have no other settings than are shown.
        found.push(...all.filter(({ path }) => !(path in files)));
      }
    }
  }
  return found;
}

async function dropInsIn(folder: string, unit: string): Promise<readonly UnreadDropIn[]> {
  const names = (await ifExists(readdir(folder))) ?? [];
  const found: UnreadDropIn[] = [];
  for (const name of names.sort()) {
    if (!name.endsWith('.conf')) continue;
    const path = join(folder, name);
    const text = (await ifExists(readFile(path, 'utf8'))) ?? '';
    const keys = keysOfSettings.filter((key) => new RegExp(`^\\s*${key}\\s*=`, 'm').test(text));
    if (keys.length > 0) found.push({ path, unit, keys });
  }
  return found;
}

/** A line for people. */
export function unreadText({ path, unit, keys }: UnreadDropIn, isUser: boolean): string {
  const show = `systemctl ${isUser ? '--user ' : ''}cat ${unit}`;
  return `${path} sets ${keys.join(', ')}: not read here, it may change what is above; see ${show}`;
}

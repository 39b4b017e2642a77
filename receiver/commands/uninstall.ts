/** `receiver uninstall`: removes what install wrote; captures and keys stay. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ifExists } from '../../shared/files/if-exists.js';
import { madeUsersOf, manifestPath, readManifest } from '../../shared/setup/install/manifest.js';
import type { Scope } from '../../shared/setup/install/scope.js';
import { readInstalledSettings } from '../../shared/setup/install/settings.js';
import type { Leftovers } from '../../shared/setup/install/remove-installed.js';
import { defineUninstall } from '../../shared/setup/install/uninstall.js';
import { stateFolderName } from '../access/keys/keys-path.js';
import { isBucketText } from '../store/s3/s3-address.js';
import {
  receiverCache,
  s3CredentialFile,
  s3ReadCredentialFile,
} from '../setup/install/bucket-plan.js';
import { passwordFileOf } from '../setup/install/installed-web.js';
import { webUser } from '../setup/install/web-plan.js';
import { notifyState, notifyUser } from '../setup/install/notify-plan.js';
import { notifyService, webSocket } from '../setup/units.js';

/** Day indexes, records of a bucket, sessions, requests: systemd makes these folders. */
const viewerFolders = ['/var/cache/picchanged-web', '/var/lib/picchanged-web'];
const noticeFolders = ['/var/cache/picchanged-notify', notifyState];

const usage = `receiver uninstall

Closes the port and removes what receiver install wrote: units, settings, copied programs, the users.
Captures, keys and the viewer's passwords stay; their paths are printed.

`;

/** @throws {UsageError} @throws {OperationalError} INSTALL */
export const run = defineUninstall({
  program: 'receiver',
  usage,
  async findLeftovers(scope) {
    const { variables } = await readInstalledSettings(scope, 'receiver');
    const { RECEIVER_DIR: dir, RECEIVER_KEYS: keys } = variables;
    const { stateFolder } = scope;
    const state = stateFolder === undefined ? [] : [join(stateFolder, stateFolderName)];
    const bucket = dir !== undefined && isBucketText(dir) ? [dir] : [];
    const captures = bucket.length > 0 ? undefined : dir;
    // Keys first: when their folder is removed, the folder around it may be empty too.
    const folders = new Set([keys, ...state, captures].filter((path) => path !== undefined));
    const isSystem = stateFolder !== undefined;
    const hasViewer = isSystem && (await hasHad(scope, webSocket, webUser));
    const hasNotices = isSystem && (await hasHad(scope, notifyService, notifyUser));
    return async () => {
      const { remove, keep: kept } = await sortLeftovers(folders, keys);
      const credentials = await existing(isSystem ? [s3CredentialFile, s3ReadCredentialFile] : []);
      const keep = [
        ...kept,
        ...bucket.map((path) => ({ path, why: 'captures are in it' })),
        ...credentials.map((path) => ({ path, why: 'keys of the object store are in it' })),
      ];
      const passwords = passwordFileOf(scope);
      const hasPasswords = (await ifExists(stat(passwords))) !== undefined;
      return {
        remove: [
          ...remove,
          ...(hasViewer ? viewerFolders : []),
          ...(hasNotices ? noticeFolders : []),
          ...(isSystem ? [receiverCache] : []),
        ],
        keep: hasPasswords
          ? [...keep, { path: passwords, why: 'passwords of the viewer are in it' }]
          : keep,
      };
    };
  },
});

async function existing(paths: readonly string[]): Promise<readonly string[]> {
  const found = await Promise.all(paths.map(async (path) => (await ifExists(stat(path))) && path));
  return found.filter((path) => path !== undefined);
}

/** A service that install has removed leaves its user, to whom the folders belong. */
async function hasHad(scope: Scope, unit: string, user: string): Promise<boolean> {
  const manifest = await readManifest(manifestPath(scope, 'receiver'));
  if (manifest === undefined) return false;
  return manifest.units.includes(unit) || madeUsersOf(manifest).includes(user);
}

async function sortLeftovers(
  folders: Iterable<string>,
  keys: string | undefined,
): Promise<Leftovers> {
  const remove: string[] = [];
  const keep: { path: string; why: string }[] = [];
  for (const path of folders) {
    const names = await ifExists(readdir(path));
    if (names === undefined) continue;
    const isDisposable = (name: string): boolean =>
      /^\.(?:picchanged.*|locks?)$/.test(name) || remove.includes(join(path, name));
    if (names.every(isDisposable)) remove.push(path);
    else if (path === keys) keep.push({ path, why: 'keys of cameras are in it' });
    // A folder that holds only the keys folder is not listed a second time.
    else if (!names.every((name) => isDisposable(name) || join(path, name) === keys)) {
      keep.push({ path, why: 'captures are in it' });
    }
  }
  return { remove, keep };
}

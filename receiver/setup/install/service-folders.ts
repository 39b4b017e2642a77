/** Changes of a shipped unit for other folders than the shipped ones: captures, keys, the user that owns them. Pure. */
import type { Scope } from '../../../shared/setup/install/scope.js';
import {
  quotePath,
  readSettings,
  withSetting,
  withoutSpecifiers,
} from '../../../shared/setup/install/unit-file.js';

/** The captures directory of the shipped units. */
export const shippedDirectory = '/var/lib/surveillance';

export interface ServiceFolders {
  /** Absolute. */
  readonly directory: string;
  /** Keys folder; absolute. */
  readonly keys: string;
  /** Owner of the captures; undefined: the service user. */
  readonly owner: string | undefined;
  readonly scope: Scope;
}

/** systemd creates the state folder and lets the service write there. */
const isElsewhere = (path: string): boolean => !`${path}/`.startsWith(`${shippedDirectory}/`);
const isAtHome = (path: string): boolean => /^\/(?:home|root)\//.test(path);
/** For a setting that has pairs of paths with a colon between them. */
const quoteBound = (path: string): string => quotePath(path).replaceAll(':', '\\:');

/** A service of the receiver: it writes captures and keys. */
export function withFolders(text: string, request: ServiceFolders): string {
  const { directory, keys, owner, scope } = request;
  if (scope.isUser) return text;
  const folders = [directory, keys].filter(isElsewhere);
  let unit = text;
  if (folders.length > 0) {
    const mounts = folders.map(quotePath).join(' ');
    unit = withSetting(unit, 'Unit', 'RequiresMountsFor', mounts);
  }
  if (owner !== undefined) unit = withSetting(unit, 'Service', 'User', withoutSpecifiers(owner));
  const writable = folders.filter((path) => !isAtHome(path)).map(quotePath);
  if (writable.length > 0) {
    const shipped = readSettings(unit, 'ReadWritePaths');
    unit = withSetting(unit, 'Service', 'ReadWritePaths', [...shipped, ...writable].join(' '));
  }
  if (!isAtHome(directory)) return unit;
  // The service sees this folder of the homes, and nothing else.
  unit = withSetting(unit, 'Service', 'ProtectHome', 'tmpfs');
  return withSetting(unit, 'Service', 'BindPaths', quoteBound(directory));
}

/**
 * The viewer's service: it reads the captures as a member of their group, and sees no keys.
 * @param group of the captures
 */
export function withReadOnlyFolders(text: string, request: ServiceFolders, group: string): string {
  const { directory, keys, scope } = request;
  if (scope.isUser) return text.replace(/ --control \S+/, '');
  let unit = withSetting(text, 'Service', 'SupplementaryGroups', withoutSpecifiers(group));
  unit = withSetting(unit, 'Service', 'InaccessiblePaths', quotePath(`-${keys}`));
  if (isElsewhere(directory)) {
    unit = withSetting(unit, 'Unit', 'RequiresMountsFor', quotePath(directory));
  }
  if (!isAtHome(directory)) return unit;
  unit = withSetting(unit, 'Service', 'ProtectHome', 'tmpfs');
  return withSetting(unit, 'Service', 'BindReadOnlyPaths', quoteBound(directory));
}

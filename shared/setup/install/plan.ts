/** The plan of an installation; apply-plan.ts applies it. Pure. */
import type { SettingChanges } from './environment-file.js';
import type { SecretFile } from './secret-file.js';
import type { Scope } from './scope.js';

/** A file that install writes, and uninstall removes. */
export interface PlannedFile {
  readonly path: string;
  /** A text, or another file to copy. */
  readonly content: { readonly text: string } | { readonly copyOf: string };
  readonly mode: number;
}

/** Changes of the settings file; its other lines stay as they are. */
export interface PlannedSettings {
  readonly path: string;
  readonly values: SettingChanges;
  /** Comment lines at the start of a new file. */
  readonly heading: string;
}

/** A user for units, created when it is missing. */
export interface SystemUser {
  readonly name: string;
  /** Description in the user database. */
  readonly gecos: string;
  readonly home: string;
}

/** An existing file that a service may read as a member of a group. */
export interface SharedFile {
  readonly path: string;
  readonly group: string;
  readonly mode: number;
}

/** A folder for captures, keys or state: created with its missing parents, removed only when it is empty. */
export interface PlannedFolder {
  readonly path: string;
  /** Mode of a new folder. */
  readonly mode: number;
  /** User that owns it; undefined: the user that runs install. */
  readonly owner: string | undefined;
}

export interface Plan {
  readonly program: 'agent' | 'receiver';
  readonly scope: Scope;
  /** Empty: the units run as an existing user. */
  readonly systemUsers: readonly SystemUser[];
  readonly folders: readonly PlannedFolder[];
  readonly files: readonly PlannedFile[];
  readonly settings: PlannedSettings;
  /** Settings files of further services. */
  readonly moreSettings?: readonly PlannedSettings[];
  readonly sharedFiles?: readonly SharedFile[];
  readonly secret?: SecretFile | undefined;
  /** Units to enable and start: a timer, a socket, a path, a service. */
  readonly enable: readonly string[];
  /** Running services that are stopped so that they start with the new files. */
  readonly restart: readonly string[];
  /** Units that uninstall stops before it removes files; patterns for instances. */
  readonly stop: readonly string[];
  /** True when the files include a udev rule. */
  readonly hasUdevRule: boolean;
  /** Notes to print after install, each a sentence. */
  readonly notes: readonly string[];
}

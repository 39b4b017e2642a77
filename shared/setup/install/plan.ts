/** What an installation is to consist of; how it is carried out is `carry-out.ts`. Pure. */
import type { Scope } from './scope.js';

/** A file that install writes, and uninstall removes. */
export interface PlannedFile {
  readonly path: string;
  /** A text, or another file to copy. */
  readonly content: { readonly text: string } | { readonly copyOf: string };
  readonly mode: number;
}

/** The settings file: what somebody wrote there stays, but for these. */
export interface PlannedSettings {
  readonly path: string;
  readonly values: Readonly<Record<string, string>>;
  /** The start of a file that is new: comment lines. */
  readonly heading: string;
}

/** A folder for captures, keys or state: made with what is missing above it, and removed only when it is empty. */
export interface PlannedFolder {
  readonly path: string;
  /** When it is made. */
  readonly mode: number;
  /** User whose it is to be; undefined: whoever installs. */
  readonly owner: string | undefined;
}

export interface Plan {
  readonly program: 'agent' | 'receiver';
  readonly scope: Scope;
  /** System user that the units run as, and a description of it; undefined: one that is there. */
  readonly systemUser: { readonly name: string; readonly gecos: string } | undefined;
  readonly folders: readonly PlannedFolder[];
  readonly files: readonly PlannedFile[];
  readonly settings: PlannedSettings;
  /** Units to enable and start: a timer, a socket, a path, a service. */
  readonly enable: readonly string[];
  /** Services that may run and are to take up what changed. */
  readonly restart: readonly string[];
  /** All that has to be stopped before the files may go; patterns for instances. */
  readonly stop: readonly string[];
  /** True where a udev rule is among the files. */
  readonly hasUdevRule: boolean;
  /** What to tell whoever installs, each a sentence. */
  readonly notes: readonly string[];
}

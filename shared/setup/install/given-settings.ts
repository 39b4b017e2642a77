/** Converts the flags of install to settings of the service. */
import { resolve } from 'node:path';
import { UsageError } from '../../cli/errors.js';
import { type OptionTable, flagName, givenTexts, variableName } from '../../cli/option-table.js';
import type { Scope } from './scope.js';

export interface GivenRequest {
  readonly program: string;
  /** The service's options; other supplied flags are options of install itself. */
  readonly table: OptionTable;
  readonly supplied: ReadonlyMap<string, readonly string[]>;
  /** Keys that a service cannot use, with the reason. */
  readonly refused: Readonly<Record<string, string>>;
  /** Keys whose value is a path that the service must be able to access. */
  readonly paths: readonly string[];
  readonly scope: Scope;
}

/** A change of the settings file for each flag; undefined: it is taken back. */
export type GivenSettings = Record<string, string | undefined>;

/** @throws {UsageError} a flag that a service cannot use */
export function givenSettings(request: GivenRequest): GivenSettings {
  const { program, table, supplied, refused, paths, scope } = request;
  const settings: GivenSettings = {};
  for (const [key, texts] of supplied) {
    const reason = refused[key];
    if (reason !== undefined) {
      throw new UsageError(`install does not accept --${flagName(key)}: ${reason}`);
    }
    const option = table[key];
    if (option === undefined) continue;
    const given = givenTexts(option, texts);
    const value = option.isMany ? given.join(' ') : given.at(-1);
    const isPath = value !== undefined && paths.includes(key);
    settings[variableName(program, key)] = isPath
      ? visiblePath(value, `--${flagName(key)}`, scope)
      : value || undefined;
  }
  return settings;
}

/** Whether the sandbox of the services hides a path. */
export function isHiddenFromServices(path: string): boolean {
  return /^\/(?:home|root|tmp|var\/tmp|run\/user)(?:\/|$)/.test(path);
}

/** The absolute path. @throws {UsageError} a service cannot access it */
export function visiblePath(path: string, flag: string, scope: Scope): string {
  const absolute = resolve(path);
  if (!scope.isUser && isHiddenFromServices(absolute)) {
    throw new UsageError(`${flag} ${absolute}: services cannot access /home, /root and /tmp`, {
      hint: 'use another place, as /srv or /etc/picchanged',
    });
  }
  if (/\p{Cc}/u.test(absolute))
    throw new UsageError(`${flag} ${JSON.stringify(absolute)} contains a control character`);
  return absolute;
}

/** Converts the flags of install to settings of the service. */
import { resolve } from 'node:path';
import { UsageError } from '../../cli/errors.js';
import { type OptionTable, flagName, variableName } from '../../cli/option-table.js';
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

/** Variables for the settings file. @throws {UsageError} a flag that a service cannot use */
export function givenSettings(request: GivenRequest): Record<string, string> {
  const { program, table, supplied, refused, paths, scope } = request;
  const settings: Record<string, string> = {};
  for (const [key, texts] of supplied) {
    const reason = refused[key];
    if (reason !== undefined) {
      throw new UsageError(`install does not accept --${flagName(key)}: ${reason}`);
    }
    const option = table[key];
    if (option === undefined) continue;
    const value = option.isMany ? texts.join(' ') : (texts.at(-1) ?? '');
    settings[variableName(program, key)] = paths.includes(key)
      ? visiblePath(value, `--${flagName(key)}`, scope)
      : value;
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

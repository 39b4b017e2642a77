/** The flags that were typed at install, as settings for the service. */
import { resolve } from 'node:path';
import { UsageError } from '../../cli/errors.js';
import { type OptionTable, flagName, variableName } from '../../cli/option-table.js';
import type { Scope } from './scope.js';

export interface GivenRequest {
  readonly program: string;
  /** The service's own options: others that were typed are for install itself. */
  readonly table: OptionTable;
  readonly supplied: ReadonlyMap<string, readonly string[]>;
  /** Keys that are of no use to a service, and why. */
  readonly refused: Readonly<Record<string, string>>;
  /** Keys whose value is a path, which the service has to see. */
  readonly paths: readonly string[];
  readonly scope: Scope;
}

/** Variables for the settings file. @throws {UsageError} a flag that a service cannot have */
export function givenSettings(request: GivenRequest): Record<string, string> {
  const { program, table, supplied, refused, paths, scope } = request;
  const settings: Record<string, string> = {};
  for (const [key, texts] of supplied) {
    const why = refused[key];
    if (why !== undefined) throw new UsageError(`--${flagName(key)} at install: ${why}`);
    const option = table[key];
    if (option === undefined) continue;
    const value = option.isMany ? texts.join(' ') : (texts.at(-1) ?? '');
    settings[variableName(program, key)] = paths.includes(key)
      ? visiblePath(value, `--${flagName(key)}`, scope)
      : value;
  }
  return settings;
}

/** A whole path. @throws {UsageError} a service does not see it */
export function visiblePath(path: string, flag: string, scope: Scope): string {
  const whole = resolve(path);
  if (!scope.isUser && /^\/(?:home|root|tmp|var\/tmp|run\/user)(?:\/|$)/.test(whole)) {
    throw new UsageError(`${flag} ${whole}: services do not see homes and /tmp`, {
      hint: 'put it elsewhere, as /srv or /etc/picchanged',
    });
  }
  if (/\p{Cc}/u.test(whole))
    throw new UsageError(`${flag} ${JSON.stringify(whole)} has a line's end in it`);
  return whole;
}

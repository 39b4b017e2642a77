/**
 * Reads and changes settings files of systemd's EnvironmentFile= (systemd.exec(5)). Changes single
 * assignments and keeps all other text. Pure.
 */
import { OperationalError } from '../../cli/errors.js';
import { type Assignment, readEntries } from './environment-syntax.js';

/** The assignments, in the order of the lines. */
export function readAssignments(text: string): readonly Assignment[] {
  return readEntries(text).filter((entry) => entry.kind === 'assignment');
}

/** The variables of the file; of a key that is set twice, the last assignment. */
export function readEnvironmentFile(text: string): ReadonlyMap<string, string> {
  return new Map(readAssignments(text).map(({ key, value }) => [key, value]));
}

/** New values by variable; undefined: the variable is removed. */
export type SettingChanges = Readonly<Record<string, string | undefined>>;

/**
 * The text with the changes: existing keys are changed in place, new keys are appended.
 * @throws {OperationalError} INSTALL: the text ends in an open quote or a backslash, which would swallow a new line
 */
export function changeEnvironmentFile(text: string, settings: SettingChanges): string {
  let changed = text;
  for (const [key, value] of Object.entries(settings)) {
    if (value === undefined) {
      changed = withoutKey(changed, key);
      continue;
    }
    const line = `${key}=${quoteValue(value)}`;
    const existing = readAssignments(changed).findLast((assignment) => assignment.key === key);
    if (existing === undefined) {
      const end = changed === '' || changed.endsWith('\n') ? '' : '\n';
      changed += `${end}${line}\n`;
    } else if (existing.value !== value) {
      changed = changed.slice(0, existing.start) + line + changed.slice(existing.end);
    }
  }
  const read = readEnvironmentFile(changed);
  if (Object.entries(settings).some(([key, value]) => read.get(key) !== value)) {
    throw new OperationalError(
      'INSTALL',
      'the last line of the settings file ends with an open quote or a backslash',
      { hint: 'close the quote or remove the backslash' },
    );
  }
  return changed;
}

/** Removes every assignment of the key: of two, the first would apply without the last. */
function withoutKey(text: string, key: string): string {
  let kept = text;
  for (const found of readAssignments(text).toReversed()) {
    if (found.key !== key) continue;
    const before = kept.slice(0, found.start).replace(/[ \t]+$/, '');
    kept = before + kept.slice(found.end).replace(/^(?:\r\n|\r|\n)/, '');
  }
  return kept;
}

/** Unquoted if it has no special character; else in double quotes, where four characters are escaped. */
export function quoteValue(value: string): string {
  if (/^[\w./:@%+,=[\]-]+$/.test(value)) return value;
  return `"${value.replaceAll(/["\\`$]/g, '\\$&')}"`;
}

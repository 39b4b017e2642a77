/**
 * Reads and changes settings files of systemd's EnvironmentFile= (systemd.exec(5)). Parses as systemd does; changes
 * single assignments and keeps all other text. Pure.
 */
import { OperationalError } from '../../cli/errors.js';

interface Assignment {
  readonly key: string;
  readonly value: string;
  /** Range in the text: from the key to before the end of the line. */
  readonly start: number;
  readonly end: number;
}

/** The variables of the file; of a key that is set twice, the last assignment. */
export function readEnvironmentFile(text: string): ReadonlyMap<string, string> {
  return new Map(assignments(text).map(({ key, value }) => [key, value]));
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
    const existing = assignments(changed).findLast((assignment) => assignment.key === key);
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
  for (const found of assignments(text).toReversed()) {
    if (found.key !== key) continue;
    const start = kept.lastIndexOf('\n', found.start - 1) + 1;
    kept = kept.slice(0, start) + kept.slice(found.end + 1);
  }
  return kept;
}

/** Unquoted if it has no special character; else in double quotes, where four characters are escaped. */
export function quoteValue(value: string): string {
  if (/^[\w./:@%+,=[\]-]+$/.test(value)) return value;
  return `"${value.replaceAll(/["\\`$]/g, '\\$&')}"`;
}

type State = 'before' | 'plain' | 'single' | 'double';

/** Has the same states as systemd's parser (env-file.c), which accepts almost any text. */
function assignments(text: string): readonly Assignment[] {
  const found: Assignment[] = [];
  let at = 0;
  while (at < text.length) {
    const start = skipBlank(text, at);
    if (text[start] === '#' || text[start] === ';') {
      at = endOfComment(text, start);
      continue;
    }
    const head = /[^\n=]*/y;
    head.lastIndex = start;
    const key = head.exec(text)?.[0] ?? '';
    const sign = start + key.length;
    if (text[sign] !== '=') {
      at = sign + 1; // a line without `=` is not an assignment
      continue;
    }
    const { value, end } = readValue(text, sign + 1);
    found.push({ key: key.trim(), value, start, end });
    at = end + 1;
  }
  return found;
}

function skipBlank(text: string, from: number): number {
  let at = from;
  while (at < text.length && /\s/.test(text[at] ?? '')) at += 1;
  return at;
}

/** A comment continues after a line that ends with a backslash. */
function endOfComment(text: string, from: number): number {
  let at = from;
  while (at < text.length && text[at] !== '\n') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

function readValue(text: string, from: number): { readonly value: string; readonly end: number } {
  let state: State = 'before';
  let value = '';
  /** Length of `value` without trailing unquoted blanks. */
  let trimmedLength = 0;
  let at = from;
  for (; at < text.length; at += 1) {
    const letter = text[at] ?? '';
    if (state === 'single') {
      if (letter === "'") state = 'before';
      else value += letter;
      trimmedLength = value.length;
    } else if (state === 'double') {
      if (letter === '"') state = 'before';
      else if (letter !== '\\') value += letter;
      else {
        at += 1;
        const next = text[at] ?? '';
        if (/["\\`$]/.test(next)) value += next;
        else if (next !== '\n') value += `\\${next}`;
      }
      trimmedLength = value.length;
    } else if (letter === '\n') break;
    else if (letter === '\\') {
      at += 1;
      const next = text[at] ?? '';
      if (next !== '\n') value += next;
      state = 'plain';
      trimmedLength = value.length;
    } else if (state === 'before' && letter === "'") state = 'single';
    else if (state === 'before' && letter === '"') state = 'double';
    else if (/\s/.test(letter)) {
      if (state === 'plain') value += letter;
    } else {
      state = 'plain';
      value += letter;
      trimmedLength = value.length;
    }
  }
  return { value: value.slice(0, trimmedLength), end: Math.min(at, text.length) };
}

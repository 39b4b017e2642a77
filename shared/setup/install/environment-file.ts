/**
 * Settings as systemd's EnvironmentFile= has them (systemd.exec(5)): read as systemd reads them, and changed
 * key by key, so that everything else in the file stays as somebody wrote it. Pure.
 */
import { OperationalError } from '../../cli/errors.js';

interface Assignment {
  readonly key: string;
  readonly value: string;
  /** Where it stands in the text: from its key to before its line's end. */
  readonly start: number;
  readonly end: number;
}

/** What the file sets; of a key that stands there twice, the last counts. */
export function readEnvironmentFile(text: string): ReadonlyMap<string, string> {
  return new Map(assignments(text).map(({ key, value }) => [key, value]));
}

/**
 * The text with each of the settings in its place, or at the end where the key is new.
 * @throws {OperationalError} INSTALL: what is added would be taken for a part of what stands before it
 */
export function changeEnvironmentFile(
  text: string,
  settings: Readonly<Record<string, string>>,
): string {
  let changed = text;
  for (const [key, value] of Object.entries(settings)) {
    const line = `${key}=${quoteValue(value)}`;
    const there = assignments(changed).findLast((each) => each.key === key);
    if (there === undefined) {
      const end = changed === '' || changed.endsWith('\n') ? '' : '\n';
      changed += `${end}${line}\n`;
    } else if (there.value !== value) {
      changed = changed.slice(0, there.start) + line + changed.slice(there.end);
    }
  }
  const read = readEnvironmentFile(changed);
  if (Object.entries(settings).some(([key, value]) => read.get(key) !== value)) {
    throw new OperationalError('INSTALL', "the settings file's last line goes on after its end", {
      hint: 'close the quote there, or take away the backslash that it ends with',
    });
  }
  return changed;
}

/** As it is where nothing in it means anything; else in double quotes, in which four characters do. */
export function quoteValue(value: string): string {
  if (/^[\w./:@%+,=[\]-]+$/.test(value)) return value;
  return `"${value.replaceAll(/["\\`$]/g, '\\$&')}"`;
}

type State = 'before' | 'plain' | 'single' | 'double';

/** The same states as systemd's own reader has (env-file.c): it forgives much. */
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
      at = sign + 1; // a line without a sign is no assignment
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

/** A comment goes on after a line that ends with a backslash. */
function endOfComment(text: string, from: number): number {
  let at = from;
  while (at < text.length && text[at] !== '\n') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

function readValue(text: string, from: number): { readonly value: string; readonly end: number } {
  let state: State = 'before';
  let value = '';
  /** Of `value`, what trailing blanks are not taken from. */
  let solid = 0;
  let at = from;
  for (; at < text.length; at += 1) {
    const letter = text[at] ?? '';
    if (state === 'single') {
      if (letter === "'") state = 'before';
      else value += letter;
      solid = value.length;
    } else if (state === 'double') {
      if (letter === '"') state = 'before';
      else if (letter !== '\\') value += letter;
      else {
        at += 1;
        const next = text[at] ?? '';
        if (/["\\`$]/.test(next)) value += next;
        else if (next !== '\n') value += `\\${next}`;
      }
      solid = value.length;
    } else if (letter === '\n') break;
    else if (letter === '\\') {
      at += 1;
      const next = text[at] ?? '';
      if (next !== '\n') value += next;
      state = 'plain';
      solid = value.length;
    } else if (state === 'before' && letter === "'") state = 'single';
    else if (state === 'before' && letter === '"') state = 'double';
    else if (/\s/.test(letter)) {
      if (state === 'plain') value += letter;
    } else {
      state = 'plain';
      value += letter;
      solid = value.length;
    }
  }
  return { value: value.slice(0, solid), end: Math.min(at, text.length) };
}

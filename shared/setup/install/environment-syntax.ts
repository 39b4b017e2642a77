/**
 * The syntax of systemd's EnvironmentFile= (systemd.exec(5)). Has the same states as systemd's parser (env-file.c),
 * which accepts almost any text. Pure.
 */

export interface Assignment {
  readonly kind: 'assignment';
  readonly key: string;
  readonly value: string;
  /** From 1. */
  readonly line: number;
  /** Range in the text: from the key to before the end of the line. */
  readonly start: number;
  readonly end: number;
  /** False: the text ends in an open quote, or in a backslash. */
  readonly isClosed: boolean;
}

/** A comment, or a line that is neither a comment nor an assignment, which systemd ignores. */
export interface OtherLine {
  readonly kind: 'comment' | 'ignored';
  readonly line: number;
  readonly text: string;
}

export type Entry = Assignment | OtherLine;

type State = 'before' | 'plain' | 'single' | 'double';

// Not \s: systemd knows these four only.
const isNewline = (letter: string): boolean => letter === '\n' || letter === '\r';
const trimmed = (key: string): string => key.replace(/[ \t]+$/, '');
const isBlank = (letter: string): boolean => letter === ' ' || letter === '\t' || isNewline(letter);

export function readEntries(text: string): readonly Entry[] {
  const found: Entry[] = [];
  let line = 1;
  let counted = 0;
  let at = 0;
  while (at < text.length) {
    const start = skipBlank(text, at);
    if (start >= text.length) break;
    line += text.slice(counted, start).split('\n').length - 1;
    counted = start;
    if (text[start] === '#' || text[start] === ';') {
      at = endOfComment(text, start);
      found.push({ kind: 'comment', line, text: text.slice(start, at) });
      continue;
    }
    const head = /[^\n\r=]*/y;
    head.lastIndex = start;
    const key = head.exec(text)?.[0] ?? '';
    const sign = start + key.length;
    if (text[sign] !== '=') {
      at = sign + 1;
      found.push({ kind: 'ignored', line, text: trimmed(key) });
      continue;
    }
    const { value, end, isClosed } = readValue(text, sign + 1);
    found.push({ kind: 'assignment', key: trimmed(key), value, line, start, end, isClosed });
    at = end + 1;
  }
  return found;
}

function skipBlank(text: string, from: number): number {
  let at = from;
  while (at < text.length && isBlank(text[at] ?? '')) at += 1;
  return at;
}

/** Before systemd 254, a comment continues after a line that ends with a backslash. */
function endOfComment(text: string, from: number): number {
  let at = from;
  while (at < text.length && !isNewline(text[at] ?? '')) at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

type Value = Pick<Assignment, 'value' | 'end' | 'isClosed'>;

function readValue(text: string, from: number): Value {
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
    } else if (isNewline(letter)) break;
    else if (letter === '\\') {
      at += 1;
      const next = text[at] ?? '';
      if (!isNewline(next)) value += next;
      state = 'plain';
      trimmedLength = value.length;
    } else if (state === 'before' && letter === "'") state = 'single';
    else if (state === 'before' && letter === '"') state = 'double';
    else if (isBlank(letter)) {
      if (state === 'plain') value += letter;
    } else {
      state = 'plain';
      value += letter;
      trimmedLength = value.length;
    }
  }
  return {
    value: value.slice(0, trimmedLength),
    end: Math.min(at, text.length),
    isClosed: state !== 'single' && state !== 'double' && at <= text.length,
  };
}

/** The lines of a password file: `name:role:hash`, blank ones, and comments from `#` on. Pure. */
import { InvalidValue } from '../../../shared/cli/units.js';
import type { Role } from '../api-types.js';
import { isPasswordHash } from './password-hash.js';

export interface PasswordLine {
  readonly name: string;
  readonly role: Role;
  readonly hash: string;
}

const namePattern = /^[a-z0-9][a-z0-9._-]{0,31}$/;
export const nameRule =
  'a name has at most 32 small letters, digits, dots and dashes, and starts with a letter or digit';
/** More than a home has, and few enough to read at once. */
export const maxPasswordLines = 1000;

export function isViewerName(text: string): boolean {
  return namePattern.test(text);
}

/** @returns by name @throws {InvalidValue} with the number of the line; never with its text */
export function readPasswordLines(text: string): ReadonlyMap<string, PasswordLine> {
  const found = new Map<string, PasswordLine>();
  for (const [index, line] of text.split('\n').entries()) {
    const content = line.trim();
    if (content === '' || content.startsWith('#')) continue;
    const entry = readLine(content, `line ${index + 1}`);
    if (found.has(entry.name)) {
      throw new InvalidValue(`line ${index + 1}: there is another line of ${entry.name}`);
    }
    found.set(entry.name, entry);
  }
  if (found.size > maxPasswordLines) {
    throw new InvalidValue(`it has more than ${maxPasswordLines} names`);
  }
  return found;
}

function readLine(line: string, place: string): PasswordLine {
  const [name = '', role, hash = '', ...more] = line.split(':');
  if (more.length > 0 || role === undefined || hash === '') {
    throw new InvalidValue(`${place} is not name:role:hash`);
  }
  if (!isViewerName(name)) throw new InvalidValue(`${place}: ${nameRule}`);
  if (role !== 'look' && role !== 'keep') {
    throw new InvalidValue(`${place}: the role is look or keep`);
  }
  if (!isPasswordHash(hash)) {
    throw new InvalidValue(`${place}: the hash is not one that receiver web-password writes`);
  }
  return { name, role, hash };
}

/** The text with the line of this name, in its place or at the end; all other lines stay. */
export function withPasswordLine(text: string, { name, role, hash }: PasswordLine): string {
  const added = `${name}:${role}:${hash}`;
  const lines = text === '' ? [] : text.replace(/\n$/, '').split('\n');
  const at = lines.findIndex((line) => line.trim().startsWith(`${name}:`));
  if (at < 0) lines.push(added);
  else lines[at] = added;
  return `${lines.join('\n')}\n`;
}

/** Writes a name's line into the password file: one writer at a time, the whole file or nothing. */
import { open, readFile, realpath, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { OperationalError, systemCode } from '../../../shared/cli/errors.js';
import { replaceFile, writeNewFile } from '../../../shared/files/durable-file.js';
import { flock } from '../../../shared/files/flock.js';
import { ifExists } from '../../../shared/files/if-exists.js';
import { InvalidValue } from '../../../shared/cli/units.js';
import type { Role } from '../api-types.js';
import { hashPassword } from './password-hash.js';
import { readPasswordLines, withPasswordLine } from './password-lines.js';

export interface NewPassword {
  readonly name: string;
  /** Undefined: that of the present line, else look. */
  readonly role: Role | undefined;
  readonly password: string;
}

/** Another writer needs some tenths of a second. */
const waitS = 10;

/** @returns the role, and whether the name is new @throws {OperationalError} WEB */
export async function writePassword(
  path: string,
  wish: NewPassword,
): Promise<{ readonly role: Role; readonly isNew: boolean }> {
  const hash = await hashPassword(wish.password);
  try {
    // A link to the file stays one.
    const target = (await ifExists(realpath(path))) ?? path;
    const folder = await open(dirname(target), 'r');
    try {
      if ((await flock(folder, { mode: 'exclusive', waitS })) === 'held') {
        throw new OperationalError('WEB', `another program is writing ${path}`, {
          hint: 'try again',
        });
      }
      return await writeLine(target, { ...wish, hash });
    } finally {
      await folder.close();
    }
  } catch (cause) {
    if (cause instanceof OperationalError) throw cause;
    if (cause instanceof InvalidValue) {
      throw new OperationalError('WEB', `password file ${path}: ${cause.message}`, {
        hint: 'correct or remove the line',
      });
    }
    if (systemCode(cause) === undefined) throw cause;
    const isDenied = ['EACCES', 'EPERM'].includes(systemCode(cause) ?? '');
    throw new OperationalError('WEB', `cannot write the password file ${path}`, {
      cause,
      ...(isDenied && { hint: 'sudo receiver web-password' }),
    });
  }
}

async function writeLine(
  path: string,
  { name, role: wished, hash }: NewPassword & { readonly hash: string },
): Promise<{ readonly role: Role; readonly isNew: boolean }> {
  const found = await ifExists(stat(path));
  const text = found === undefined ? '' : await readFile(path, 'utf8');
  const present = readPasswordLines(text).get(name);
  const role = wished ?? present?.role ?? 'look';
  const part = `${path}.part`;
  await rm(part, { force: true }); // left by a killed one: this one has the lock
  await replaceFile(path, part, () =>
    writeNewFile(part, withPasswordLine(text, { name, role, hash }), {
      // The group of the viewer's service may read it.
      mode: found === undefined ? 0o600 : found.mode & 0o640,
      ...(found !== undefined && process.geteuid?.() === 0 && { owner: found }),
    }),
  );
  return { role, isNew: present === undefined };
}

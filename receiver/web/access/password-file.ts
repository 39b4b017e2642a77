/** The password file: who may open the viewer. It is read again when it has changed. */
import { constants } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { OperationalError, systemCode } from '../../../shared/cli/errors.js';
import { InvalidValue } from '../../../shared/cli/units.js';
import type { Clock } from '../../../shared/clock.js';
import { type PasswordLine, readPasswordLines } from './password-lines.js';

export type Passwords = ReadonlyMap<string, PasswordLine>;

const maxFileBytes = 256 * 1024;
/** Between two looks at the file: a removed line ends its sessions after so long. */
const lookEveryMs = 1000;

/** @throws {OperationalError} WEB: it cannot be read, others may read it, or a line is wrong */
export async function readPasswordFile(path: string): Promise<Passwords> {
  try {
    // A pipe does not block.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      return readPasswordLines(await readPrivate(file, path));
    } finally {
      await file.close();
    }
  } catch (cause) {
    if (cause instanceof OperationalError) throw cause;
    if (cause instanceof InvalidValue) {
      throw new OperationalError('WEB', `password file ${path}: ${cause.message}`, {
        hint: 'correct or remove the line; receiver web-password NAME writes one',
      });
    }
    if (systemCode(cause) === undefined) throw cause;
    const isMissing = systemCode(cause) === 'ENOENT';
    throw new OperationalError('WEB', `cannot read the password file ${path}`, {
      cause,
      ...(isMissing && { hint: `make it: receiver web-password NAME --file ${path}` }),
    });
  }
}

async function readPrivate(file: FileHandle, path: string): Promise<string> {
  const found = await file.stat();
  if (!found.isFile() || found.size > maxFileBytes) {
    throw new OperationalError('WEB', `${path} is not a file of passwords`);
  }
  if ((found.mode & 0o027) !== 0) {
    const mode = (found.mode & 0o777).toString(8);
    throw new OperationalError(
      'WEB',
      `others may read the password file ${path}, or its group may write it: its mode is ${mode}`,
      { hint: `chmod 640 ${path}` },
    );
  }
  return await file.readFile('utf8');
}

export class PasswordFile {
  readonly #path: string;
  readonly #clock: Clock;
  #passwords: Passwords;
  #version: string;
  #lookedAtMs: number;
  #looking: Promise<void> | undefined;
  #error: OperationalError | undefined;

  private constructor(path: string, clock: Clock, passwords: Passwords, version: string) {
    this.#path = path;
    this.#clock = clock;
    this.#passwords = passwords;
    this.#version = version;
    this.#lookedAtMs = clock.monotonicMs();
  }

  /** @throws as `readPasswordFile` */
  static async open(path: string, clock: Clock): Promise<PasswordFile> {
    const version = await versionOf(path);
    return new PasswordFile(path, clock, await readPasswordFile(path), version);
  }

  /** @throws as `readPasswordFile`: until it can be read again, no name is valid */
  async current(): Promise<Passwords> {
    if (this.#clock.monotonicMs() - this.#lookedAtMs >= lookEveryMs) {
      this.#looking ??= this.#look().finally(() => (this.#looking = undefined));
    }
    await this.#looking;
    if (this.#error !== undefined) throw this.#error;
    return this.#passwords;
  }

  async #look(): Promise<void> {
    const version = await versionOf(this.#path);
    this.#lookedAtMs = this.#clock.monotonicMs();
    if (version === this.#version && this.#error === undefined) return;
    try {
      this.#passwords = await readPasswordFile(this.#path);
      this.#version = version;
      this.#error = undefined;
    } catch (error) {
      if (!(error instanceof OperationalError)) throw error;
      this.#error = error;
    }
  }
}

/** Changes with each new content. */
async function versionOf(path: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
  } catch (error) {
    return systemCode(error) ?? 'unknown';
  }
}

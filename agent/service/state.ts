/** The agent's state directory: data that one-shot runs keep from run to run. */
import { readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { makeDirectories, replaceFile, writeNewFile } from '../../shared/files/durable-file.js';
import { ifExists } from '../../shared/files/if-exists.js';
import { OperationalError, systemCode } from '../../shared/cli/errors.js';

/** A file that is being written: its name and the process id. */
const partPattern = /^\..+\.\d+\.part$/;

type Environment = Readonly<Record<string, string | undefined>>;

/** systemd's `StateDirectory=`, else one directory per camera below XDG's state folder. */
export function defaultStateDirectory(env: Environment, camera: string): string {
  // systemd separates several directories by colons; the agent uses the first.
  const fromSystemd = env.STATE_DIRECTORY?.split(':')[0];
  if (fromSystemd) return fromSystemd;
  const base = env.XDG_STATE_HOME || join(env.HOME || homedir(), '.local', 'state');
  return join(base, 'picchanged', camera);
}

/** Whether a state directory is empty or missing: it is new, or its disk is not mounted. */
export async function isEmpty(path: string): Promise<boolean> {
  try {
    return (await readdir(path)).length === 0;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return true;
    throw stateError(`cannot read the state directory ${path}`, error);
  }
}

export class StateDirectory {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** Creates the directory when it is missing. @throws {OperationalError} STATE */
  static async open(path: string): Promise<StateDirectory> {
    try {
      await makeDirectories(path, 0o700);
    } catch (cause) {
      throw stateError(`cannot create the state directory ${path}`, cause);
    }
    return new StateDirectory(path);
  }

  /** The bytes of a named file; undefined when it does not exist. @throws {OperationalError} STATE */
  async read(name: string): Promise<Buffer | undefined> {
    try {
      return await ifExists(readFile(join(this.path, name)));
    } catch (cause) {
      throw stateError(`cannot read ${join(this.path, name)}`, cause);
    }
  }

  /** Writes a named file atomically. @throws {OperationalError} STATE */
  async write(name: string, bytes: Buffer): Promise<void> {
    const path = join(this.path, name);
    const temporary = join(this.path, `.${name}.${process.pid}.part`);
    try {
      // Left by a killed process that had the same process id.
      await rm(temporary, { force: true });
      await replaceFile(path, temporary, (part) => writeNewFile(part, bytes));
    } catch (cause) {
      throw stateError(`cannot write ${path}`, cause);
    }
  }

  /** Removes what killed processes did not finish. The caller holds the lock. @throws {OperationalError} STATE */
  async removeParts(): Promise<void> {
    try {
      for (const name of await readdir(this.path)) {
        if (partPattern.test(name)) await rm(join(this.path, name), { force: true });
      }
    } catch (cause) {
      throw stateError(`cannot read the state directory ${this.path}`, cause);
    }
  }

  /**
   * Replaces a named file without waiting for the disk: after a power cut it may be an older one, or empty. For what only
   * a reader of now needs. @throws {OperationalError} STATE
   */
  async writeUnflushed(name: string, bytes: Buffer): Promise<void> {
    const path = join(this.path, name);
    const temporary = join(this.path, `.${name}.${process.pid}.part`);
    try {
      await writeFile(temporary, bytes, { mode: 0o600 });
      await rename(temporary, path);
    } catch (cause) {
      throw stateError(`cannot write ${path}`, cause);
    }
  }
}

function stateError(message: string, cause: unknown): OperationalError {
  const hint = 'give this user write access, or choose another directory with --state DIR';
  return new OperationalError('STATE', message, { cause, hint });
}

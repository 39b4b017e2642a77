/** What a notifier leaves to the next one: how far records were read, what is open, and what waits. */
import { type FileHandle, open, readFile, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import type { Environment } from '../../shared/cli/command.js';
import { OperationalError } from '../../shared/cli/errors.js';
import { makeDirectories, replaceFile, writeNewFile } from '../../shared/files/durable-file.js';
import { flock } from '../../shared/files/flock.js';
import { ifExists } from '../../shared/files/if-exists.js';
import type { BookState } from './notice-book.js';
import type { Notice } from './notice.js';
import type { TailState } from './record-tail.js';

export interface NotifyState {
  readonly records: TailState;
  readonly book: BookState;
  /** By the name of the way. */
  readonly waiting: Readonly<Record<string, readonly Notice[]>>;
}

const fileName = 'notices.json';
/** The parts are this program's own: a file of another version is begun anew. */
const version = 1;
const schema = v.object({
  version: v.literal(version),
  records: v.record(v.string(), v.object({ inode: v.string(), endByte: v.number() })),
  book: v.object({
    cameras: v.record(v.string(), v.looseObject({})),
    groups: v.array(v.looseObject({})),
  }),
  waiting: v.record(v.string(), v.array(v.looseObject({}))),
});

/** @returns undefined: there is none, or it is of another version @throws {OperationalError} STATE */
export async function readNotifyState(
  directory: string,
): Promise<NotifyState | 'unusable' | undefined> {
  const path = join(directory, fileName);
  const text = await ifExists(readFile(path, 'utf8')).catch((cause: unknown) => {
    throw stateError(`cannot read ${path}`, cause);
  });
  if (text === undefined) return undefined;
  const read = v.safeParse(v.pipe(v.string(), v.parseJson(), schema), text);
  return read.success ? (read.output as unknown as NotifyState) : 'unusable';
}

/** Atomically, and on the disk when it resolves. @throws {OperationalError} STATE */
export async function writeNotifyState(directory: string, state: NotifyState): Promise<void> {
  const path = join(directory, fileName);
  const part = join(directory, `.${fileName}.part`);
  try {
    await rm(part, { force: true });
    const bytes = Buffer.from(JSON.stringify({ version, ...state }));
    await replaceFile(path, part, (temporary) => writeNewFile(temporary, bytes, { mode: 0o600 }));
  } catch (cause) {
    throw stateError(`cannot write ${path}`, cause);
  }
}

/** systemd's `StateDirectory=`, else a folder in XDG's state folder. */
export function defaultNotifyState(env: Environment): string {
  const fromSystemd = env.STATE_DIRECTORY?.split(':')[0];
  if (fromSystemd) return fromSystemd;
  const base = env.XDG_STATE_HOME || join(env.HOME || homedir(), '.local', 'state');
  return join(base, 'picchanged', 'notify');
}

/** @throws {OperationalError} STATE */
export async function makeNotifyDirectory(directory: string): Promise<void> {
  try {
    await makeDirectories(directory, 0o700);
  } catch (cause) {
    throw stateError(`cannot create the state directory ${directory}`, cause);
  }
}

/**
 * Locks the directory for the life of this process: two would announce all twice.
 * @throws {OperationalError} STATE: another notifier has it, or it cannot be locked
 */
export async function lockNotifyState(directory: string): Promise<FileHandle> {
  const path = join(directory, 'lock');
  let result: 'locked' | 'held' | 'unsupported' = 'unsupported';
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'a', 0o600);
    result = await flock(file, { mode: 'exclusive' });
  } catch (cause) {
    await file?.close();
    throw stateError(`cannot lock ${path}`, cause);
  }
  if (result === 'locked') return file;
  await file.close();
  const why = result === 'held' ? 'another receiver notify uses' : 'no program can lock';
  throw stateError(`${why} the state directory ${directory}`, undefined);
}

function stateError(message: string, cause: unknown): OperationalError {
  const hint = 'give this user write access, or choose another directory with --state DIR';
  return new OperationalError('STATE', message, { cause, hint });
}

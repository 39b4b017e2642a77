/** What a notifier leaves to the next one: how far records were read, what is open, and what waits. */
import { type FileHandle, open, readFile, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import type { Environment } from '../../shared/cli/command.js';
import { OperationalError } from '../../shared/cli/errors.js';
import { makeDirectories, replaceFile, writeNewFile } from '../../shared/files/durable-file.js';
import { flock } from '../../shared/files/flock.js';
import { ifExists } from '../../shared/files/if-exists.js';
import { type NotifyState, notifyState, stateVersion } from './notify-schema.js';

const fileName = 'notices.json';
/** The state of what is published by MQTT, below the state directory. */
export const mqttStateName = 'mqtt';
/** A file that cannot be used is kept under this name, the last one of them. */
const asideName = 'notices.unusable.json';

/**
 * @returns undefined: there is none; `unusable`: what is wrong with it, damage or another version
 * @throws {OperationalError} STATE
 */
export async function readNotifyState(
  directory: string,
): Promise<NotifyState | { readonly unusable: string } | undefined> {
  const path = join(directory, fileName);
  const text = await ifExists(readFile(path, 'utf8')).catch((cause: unknown) => {
    throw stateError(`cannot read ${path}`, cause);
  });
  if (text === undefined) return undefined;
  const read = v.safeParse(v.pipe(v.string(), v.parseJson(), notifyState), text);
  return read.success ? read.output : { unusable: faultText(read.issues[0]) };
}

/** The next process finds no file, and begins anew. @returns its new path @throws {OperationalError} STATE */
export async function setNotifyStateAside(directory: string): Promise<string> {
  const aside = join(directory, asideName);
  await rename(join(directory, fileName), aside).catch((cause: unknown) => {
    throw stateError(`cannot set ${join(directory, fileName)} aside`, cause);
  });
  return aside;
}

/** `book.groups.0.members: …` */
function faultText(issue: v.BaseIssue<unknown>): string {
  const at = v.getDotPath(issue);
  return at === null ? issue.message : `${at}: ${issue.message}`;
}

/** Atomically, and on the disk when it resolves. @throws {OperationalError} STATE */
export async function writeNotifyState(directory: string, state: NotifyState): Promise<void> {
  const path = join(directory, fileName);
  const part = join(directory, `.${fileName}.part`);
  try {
    await rm(part, { force: true });
    const bytes = Buffer.from(JSON.stringify({ version: stateVersion, ...state }));
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

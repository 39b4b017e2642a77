/** `--consume` removes pictures: before its first use, this checks that the folder holds nothing but frames of a camera. */
import { readdir, realpath } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { UsageError } from '../../shared/cli/errors.js';
import type { StateDirectory } from '../service/state.js';
import { isFrameName } from './folder.js';

/** A folder that has more JPEGs before its first use is full. */
const maxUnseenFiles = 10;
/** The folders that were allowed before, one real path a line: a restart finds its own files that wait. */
const allowedName = 'consumed-folders';

export interface ConsumeRequest {
  readonly directory: string;
  readonly isRecursive: boolean;
  /** `--yes`. */
  readonly isAllowed: boolean;
  readonly state: Pick<StateDirectory, 'read' | 'write'>;
}

/** @throws {UsageError} the folder is not one to remove files from @throws {OperationalError} STATE */
export async function checkConsume(request: ConsumeRequest): Promise<void> {
  const { directory, isAllowed, state } = request;
  const path = await realpath(directory).catch((cause: unknown) => {
    throw new UsageError(`cannot watch the directory ${directory}`, {
      hint: 'create the directory before the agent starts',
      cause,
    });
  });
  if (path === '/' || (await homes()).some((home) => home.startsWith(`${path}/`))) {
    throw new UsageError(`--consume never removes files from ${path}`, {
      hint: 'it holds more than the pictures of a camera: give the folder that the camera writes to',
    });
  }
  const text = (await state.read(allowedName))?.toString('utf8') ?? '';
  const allowed = text.split('\n').filter((line) => line !== '');
  if (allowed.includes(path)) return;
  if (!isAllowed) await refuseUnseen(path, request.isRecursive);
  await state.write(allowedName, Buffer.from(`${[...allowed, path].join('\n')}\n`));
}

async function refuseUnseen(path: string, isRecursive: boolean): Promise<void> {
  if ((await homes()).includes(path)) {
    throw new UsageError(`--consume does not remove files from the home directory ${path}`, {
      hint: 'if the camera writes there and nothing else does, add --yes',
    });
  }
  const files = await countFrames(path, isRecursive);
  if (files <= maxUnseenFiles) return;
  const found = files === Infinity ? 'more than 1000' : String(files);
  throw new UsageError(
    `--consume would take and remove ${found} JPEGs that are in ${path} already`,
    {
      hint: 'if all of them are frames of the camera, add --yes at the first start; else move them away',
    },
  );
}

/** Stops counting at 1000. */
async function countFrames(path: string, isRecursive: boolean): Promise<number> {
  let count = 0;
  const folders = [path];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      if (entry.isFile() && isFrameName(entry.name)) count += 1;
      if (isRecursive && entry.isDirectory()) folders.push(join(folder, entry.name));
    }
    if (count > 1000) return Infinity;
  }
  return count;
}

/** The home directories of this machine, as far as they can be seen. */
async function homes(): Promise<string[]> {
  const own = await realpath(homedir()).catch(() => homedir());
  const names = await readdir('/home').catch(() => []);
  return ['/root', own, ...names.map((name) => join('/home', name))].filter(
    (home) => dirname(home) !== home,
  );
}

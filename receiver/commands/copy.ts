/** `receiver copy`: copies captures between directories and buckets. */
import { resolve } from 'node:path';
import { isatty } from 'node:tty';
import { systemClock } from '../../shared/clock.js';
import { type Environment, writeTo } from '../../shared/cli/command.js';
import { defineCommand } from '../../shared/cli/define-command.js';
import { OperationalError, UsageError, systemCode } from '../../shared/cli/errors.js';
import { counted, humanSize } from '../../shared/cli/humanize.js';
import { flag } from '../../shared/cli/option-table.js';
import { InvalidValue } from '../../shared/cli/units.js';
import { restrictNewFiles } from '../../shared/files/umask.js';
import { type Copied, bytesToCopy, copyCaptures } from '../archive/copy/copy-captures.js';
import type { CopyTarget } from '../archive/copy/copy-target.js';
import { openBucketTarget } from '../archive/copy/bucket-target.js';
import { openDirectoryTarget } from '../archive/copy/directory-target.js';
import { DirectoryCaptures } from '../archive/directory-captures.js';
import { ProgressBar } from '../archive/verify/progress-bar.js';
import { Folder } from '../store/folder.js';
import { BucketCaptures } from '../store/s3/bucket-captures.js';
import type { BucketOptions } from '../store/s3/open-bucket.js';
import { capturesPlace, isBucketText } from '../store/s3/s3-address.js';
import { s3Options } from '../store/s3/s3-options.js';
import type { StoredCaptures } from '../store/stored-captures.js';
import { bucketFor } from './bucket-for.js';

export const copyProgram = {
  name: 'receiver',
  table: { ...s3Options, help: flag('Show this help.') },
} as const;

const usage = `receiver copy FROM TO [--s3-endpoint URL]

Copies frames, records and erasures. FROM and TO are captures directories, or buckets: s3://BUCKET/PREFIX. Each frame is
compared with the hash in its record, before and after. What TO has already stays, and is not copied again: run it again
to continue, or to copy what is new. Nothing is deleted in TO. Receivers may run meanwhile. Exit code 0: all of FROM is
in TO; 1: frames are not, and are named.

`;

interface Closable {
  close(): Promise<void>;
}

/** @throws {UsageError} @throws {OperationalError} STORE: a store cannot be used; VERIFY: frames were left out */
export const run = defineCommand({
  program: copyProgram,
  usage,
  accepts: 'positionals',
  async run({ options, env, positionals }) {
    const [from, to, ...others] = positionals;
    if (from === undefined || to === undefined || others.length > 0) {
      throw new UsageError('name what to copy, and where to', {
        hint: 'receiver copy FROM TO, each a directory or s3://BUCKET/PREFIX',
      });
    }
    for (const place of [from, to]) checkPlace(place);
    if (nameOf(from) === nameOf(to)) throw new UsageError(`FROM and TO are the same: ${to}`);
    restrictNewFiles(0o027);
    const source = await openSource(from, options, env);
    try {
      if ((await source.cameras()).length === 0) {
        throw new OperationalError('STORE', `${from} has no camera`, {
          hint: 'name a captures directory, or a bucket with captures',
        });
      }
      const target = await openTo(to, options, env);
      try {
        await copy(source, target, { from, to });
      } finally {
        await target.close();
      }
    } finally {
      await source.close();
    }
  },
});

/** @throws {UsageError} */
function checkPlace(place: string): void {
  try {
    capturesPlace.parse(place);
  } catch (error) {
    if (!(error instanceof InvalidValue)) throw error;
    throw new UsageError(`${place}: ${error.message}`);
  }
}

async function copy(
  source: StoredCaptures,
  target: CopyTarget,
  { from, to }: { readonly from: string; readonly to: string },
): Promise<void> {
  const bar = isatty(2)
    ? new ProgressBar((text) => writeTo(2, text), systemClock, await bytesToCopy(source))
    : undefined;
  let faults = 0;
  const copied = await copyCaptures(source, target, {
    onFault(sentence) {
      faults += 1;
      bar?.clear();
      writeTo(1, `${sentence}\n`);
    },
    onBytes: (byteCount) => bar?.add(byteCount),
  });
  bar?.clear();
  writeTo(1, `${to}: ${summaryOf(copied)}\n`);
  if (faults === 0) return;
  throw new OperationalError(
    'VERIFY',
    `${to} does not have ${counted(faults, 'frame')} as ${from} has`,
    {
      hint: 'the lines above name them',
    },
  );
}

function summaryOf({ frames, byteCount, there, deleted, lines, cameras }: Copied): string {
  const parts = [
    `${counted(frames, 'frame')} copied (${humanSize(byteCount)})`,
    `${there} there already`,
    ...(deleted > 0 ? [`${deleted} deleted there`] : []),
    `${counted(lines, 'line')} of the record`,
    `of ${counted(cameras, 'camera')}`,
  ];
  return parts.join(', ');
}

async function openSource(
  place: string,
  options: BucketOptions,
  env: Environment,
): Promise<StoredCaptures & Closable> {
  if (!isBucketText(place)) {
    const root = await openDirectory(place);
    return Object.assign(new DirectoryCaptures(root), { close: () => root.close() });
  }
  const client = bucketFor(place, options, env);
  const close = (): Promise<void> => {
    client.close();
    return Promise.resolve();
  };
  return Object.assign(new BucketCaptures(client), { close });
}

async function openDirectory(path: string): Promise<Folder> {
  try {
    return await Folder.open(path);
  } catch (cause) {
    const isDenied = systemCode(cause) === 'EACCES';
    const hint = isDenied ? 'run it as the user of the receiver' : 'name a captures directory';
    throw new OperationalError('STORE', `cannot read ${path}`, { cause, hint });
  }
}

function openTo(
  place: string,
  options: BucketOptions,
  env: Environment,
): Promise<CopyTarget & Closable> {
  return isBucketText(place)
    ? openBucketTarget(bucketFor(place, options, env))
    : openDirectoryTarget(place);
}

/** The same for each spelling of a place. */
const nameOf = (place: string): string =>
  isBucketText(place) ? place.replace(/\/$/, '') : resolve(place);

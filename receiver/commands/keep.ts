/** `receiver keep` and `receiver unkeep`: frames that no limit deletes. */
import { systemClock } from '../../shared/clock.js';
import {
  type Command,
  type Environment,
  abortOnSignals,
  openLog,
  writeTo,
} from '../../shared/cli/command.js';
import { defineCommand } from '../../shared/cli/define-command.js';
import { OperationalError, UsageError, systemCode } from '../../shared/cli/errors.js';
import { counted } from '../../shared/cli/humanize.js';
import { type ValueType, flag, value } from '../../shared/cli/option-table.js';
import { InvalidValue } from '../../shared/cli/units.js';
import { path } from '../../shared/cli/value-types.js';
import { restrictNewFiles } from '../../shared/files/umask.js';
import { scopeFor } from '../../shared/setup/install/scope.js';
import { readInstalledSettings } from '../../shared/setup/install/settings.js';
import { keepInBucket } from '../archive/bucket/keep-in-bucket.js';
import { openCaptures } from '../archive/captures-reader.js';
import {
  type KeepTarget,
  type KeepWish,
  type Kept,
  keepFrames,
  readTarget,
} from '../archive/retention/keep.js';
import { keepingDirectory } from '../archive/retention/keep-in-directory.js';
import { withSweepLock } from '../archive/retention/sweep-lock.js';
import { StoreMarker } from '../store/store-marker.js';
import { receiverProgram } from '../options.js';
import { serveRequests } from '../web/control/serve-requests.js';
import { keepInBucket as keepForViewer, keepInStore } from '../web/keep-frames.js';
import { placeFor } from '../setup/installed.js';
import { openBucketMarker } from '../store/s3/bucket-marker.js';
import type { BucketOptions } from '../store/s3/open-bucket.js';
import { isBucketText } from '../store/s3/s3-address.js';
import { s3Options } from '../store/s3/s3-options.js';
import { bucketFor } from './bucket-for.js';

const noteText: ValueType<string> = {
  metavar: 'TEXT',
  noneIsValue: true,
  parse(text) {
    if (text.length > 1000 || /\p{Cc}/u.test(text)) {
      throw new InvalidValue('must have at most 1000 characters, in one line');
    }
    return text;
  },
};

const common = {
  dir: receiverProgram.table.dir,
  ...s3Options,
  user: flag("The captures of the receiver of this user's systemd instance, not the system's."),
  help: flag('Show this help.'),
} as const;

export const keepProgram = {
  name: 'receiver',
  table: {
    ...common,
    note: value(noteText, 'Why they are kept, for the record.'),
    control: value(
      path('DIR'),
      'Keep what the viewer asks for in this folder, and end when it asks for nothing: picchanged-keep.service.',
    ),
  },
} as const;
export const unkeepProgram = { name: 'receiver', table: common } as const;

/** A sweep of a running receiver takes seconds. */
const waitS = 60;

/** @throws {UsageError} @throws {OperationalError} STORE: there is no such frame or event */
export const run: Command = defineCommand({
  program: keepProgram,
  usage: `receiver keep FILE|CAMERA/EVENT [--note TEXT] [--dir DIR]

Keeps a frame, or all frames of an event: no limit deletes them, until receiver unkeep. FILE is absolute, or relative to
the captures directory or bucket. receiver report lists events.

`,
  accepts: 'positionals',
  async run({ positionals, env, optionsWith, options: { user } }) {
    restrictNewFiles(0o027);
    const scope = scopeFor(user, env);
    const options = optionsWith((await readInstalledSettings(scope, 'receiver')).variables);
    const place = await placeFor(options.dir, scope);
    if (options.control !== undefined) {
      const log = openLog('keep', false, env, systemClock);
      const parts = { clock: systemClock, log, signal: abortOnSignals() };
      const client = isBucketText(place) ? bucketFor(place, options, env) : undefined;
      const keep = (wish: unknown): Promise<unknown> =>
        client === undefined
          ? keepInStore(place, wish, systemClock)
          : keepForViewer(client, wish, systemClock);
      await serveRequests({ control: options.control, keep, ...parts }).finally(() =>
        client?.close(),
      );
      return;
    }
    const wish = { kind: 'kept', note: options.note } as const;
    const kept = await append({ place, options, env }, positionals, wish);
    writeTo(1, `kept: ${counted(kept.frames, 'frame')} in ${kept.days.join(' ')}\n`);
  },
});

/** @throws as `run` */
export const runUnkeep: Command = defineCommand({
  program: unkeepProgram,
  usage: `receiver unkeep FILE|CAMERA/EVENT [--dir DIR]

Ends what receiver keep did: limits apply to these frames again.

`,
  accepts: 'positionals',
  async run({ positionals, env, optionsWith, options: { user } }) {
    restrictNewFiles(0o027);
    const scope = scopeFor(user, env);
    const options = optionsWith((await readInstalledSettings(scope, 'receiver')).variables);
    const place = await placeFor(options.dir, scope);
    const wish = { kind: 'unkept', note: undefined } as const;
    const kept = await append({ place, options, env }, positionals, wish);
    writeTo(1, `no longer kept: ${counted(kept.frames, 'frame')} in ${kept.days.join(' ')}\n`);
  },
});

interface Where {
  readonly place: string;
  readonly options: BucketOptions;
  readonly env: Environment;
}

async function append(
  where: Where,
  [text, ...rest]: readonly string[],
  { kind, note }: Omit<KeepWish, 'atMs'>,
): Promise<Kept> {
  const { place } = where;
  const command = kind === 'kept' ? 'keep' : 'unkeep';
  if (text === undefined || rest.length > 0) {
    throw new UsageError(`receiver ${command} needs one FILE or CAMERA/EVENT`);
  }
  const start = place.endsWith('/') ? place : `${place}/`;
  const isInBucket = isBucketText(place) && text.startsWith(start);
  const target = readTarget(isInBucket ? text.slice(start.length) : text, place);
  if (target === undefined) {
    throw new UsageError(`'${text}' is neither a frame in ${place} nor CAMERA/EVENT`);
  }
  const wish = { kind, note, atMs: systemClock.nowMs() };
  return isBucketText(place)
    ? await keepInBucketOf(where, target, wish)
    : await keepInDirectory(place, target, wish, command);
}

async function keepInBucketOf(
  { place, options, env }: Where,
  target: KeepTarget,
  wish: KeepWish,
): Promise<Kept> {
  const client = bucketFor(place, options, env);
  try {
    await openBucketMarker(client, true);
    return await keepInBucket({ client, clock: systemClock, waitMs: waitS * 1000 }, target, wish);
  } finally {
    client.close();
  }
}

async function keepInDirectory(
  directory: string,
  target: KeepTarget,
  wish: KeepWish,
  command: string,
): Promise<Kept> {
  const root = await openCaptures(directory, command);
  try {
    await StoreMarker.open(root, true);
    return await withSweepLock(root, waitS, () => keepFrames(keepingDirectory(root), target, wish));
  } catch (cause) {
    if (cause instanceof OperationalError || systemCode(cause) === undefined) throw cause;
    const isDenied = ['EACCES', 'EPERM'].includes(systemCode(cause) ?? '');
    throw new OperationalError('STORE', `cannot write the record in ${directory}`, {
      cause,
      ...(isDenied && { hint: `sudo receiver ${command}` }),
    });
  } finally {
    await root.close();
  }
}

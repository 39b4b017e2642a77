/** `receiver erase`: removes a stretch of a camera's time on purpose. */
import { systemClock } from '../../shared/clock.js';
import { type Environment, writeTo } from '../../shared/cli/command.js';
import { defineCommand } from '../../shared/cli/define-command.js';
import { OperationalError, UsageError, systemCode } from '../../shared/cli/errors.js';
import { type ValueType, flag, value } from '../../shared/cli/option-table.js';
import { InvalidValue } from '../../shared/cli/units.js';
import { restrictNewFiles } from '../../shared/files/umask.js';
import { scopeFor } from '../../shared/setup/install/scope.js';
import { readInstalledSettings } from '../../shared/setup/install/settings.js';
import { eraseInBucket, readStretchOf } from '../archive/bucket/erase-in-bucket.js';
import { camerasIn, openCaptures } from '../archive/captures-reader.js';
import { erase, readStretch } from '../archive/erase.js';
import type { Erased, Stretch } from '../archive/erase-stretch.js';
import { folderName, localTime } from '../archive/report-options.js';
import { placeFor } from '../setup/installed.js';
import type { Erasure } from '../store/erasures.js';
import { BucketCaptures } from '../store/s3/bucket-captures.js';
import type { BucketOptions } from '../store/s3/open-bucket.js';
import { capturesPlace, isBucketText } from '../store/s3/s3-address.js';
import { s3Options } from '../store/s3/s3-options.js';
import { bucketFor } from './bucket-for.js';
import { chooseCameras } from './choose-cameras.js';

const reason: ValueType<string> = {
  metavar: 'TEXT',
  noneIsValue: true,
  parse(text) {
    if (text.trim() === '' || text.length > 500) {
      throw new InvalidValue('must be a text of 1 to 500 characters');
    }
    return text;
  },
};

export const eraseProgram = {
  name: 'receiver',
  table: {
    dir: value(
      capturesPlace,
      'Captures directory, or bucket: s3://BUCKET/PREFIX. Without it: that of the installed receiver.',
    ),
    camera: value(folderName, 'The camera, by the name of its folder. Required.'),
    from: value(localTime, "Start, in the camera's own local time: 2026-11-22T08:30. Required."),
    to: value(localTime, 'End, not after now; the first moment that stays. Required.'),
    why: value(reason, 'Why it is erased; it stays on record. Required.'),
    withKept: flag('Also erase frames that are kept on purpose.'),
    dryRun: flag('Only say what would be erased.'),
    ...s3Options,
    user: flag("The captures of the receiver of this user's systemd instance, not the system's."),
    help: flag('Show this help.'),
  },
} as const;

const usage = `receiver erase --camera NAME --from TIME --to TIME --why TEXT [--dir DIR] [--dry-run]

Removes all frames of a stretch of a camera's time: files, and their lines in the record. Frames of the stretch that
arrive later are not stored. That it was erased, when and why, stays on record, and so do gaps and reports. It cannot be
undone. A receiver may run meanwhile. In a bucket it takes 11 s longer, until each receiver knows it.

`;

/** @throws {UsageError} @throws {OperationalError} STORE: not all of it is erased */
export const run = defineCommand({
  program: eraseProgram,
  usage,
  async run({ options: { user }, env, optionsWith }) {
    restrictNewFiles(0o027);
    const scope = scopeFor(user, env);
    const settings = await readInstalledSettings(scope, 'receiver');
    const options = optionsWith(settings.variables);
    const nowMs = systemClock.nowMs();
    const erasure = erasureOf(options, nowMs);
    const dir = await placeFor(options.dir, scope);
    const captures = await openErasing(dir, options, env);
    try {
      chooseCameras(await captures.cameras(), erasure.camera, dir);
      const stretch = await captures.readStretch(erasure);
      checkEnd(erasure, stretch, nowMs);
      if (options.dryRun) {
        writeTo(1, `would erase ${counted(stretch)}${keptText(stretch)}\n`);
        return;
      }
      const check = options.withKept ? undefined : checkKept;
      check?.(stretch);
      finish(dir, erasure.camera, await captures.erase(erasure, check));
    } catch (cause) {
      const isSaid = cause instanceof OperationalError || cause instanceof UsageError;
      if (isSaid || systemCode(cause) === undefined) throw cause;
      throw new OperationalError('STORE', `cannot erase in ${dir}`, { cause });
    } finally {
      await captures.close();
    }
  },
});

/** What a stretch is erased from. */
interface Erasing {
  cameras(): Promise<readonly string[]>;
  readStretch(erasure: Erasure): Promise<Stretch>;
  /** @param check called again when no other process keeps or deletes frames */
  erase(erasure: Erasure, check: ((stretch: Stretch) => void) | undefined): Promise<Erased>;
  close(): Promise<void>;
}

async function openErasing(
  place: string,
  options: BucketOptions,
  env: Environment,
): Promise<Erasing> {
  if (!isBucketText(place)) {
    const captures = await openCaptures(place, 'erase');
    return {
      cameras: () => camerasIn(captures),
      readStretch: (erasure) => readStretch(captures, erasure),
      erase: (erasure, check) => erase(captures, erasure, check),
      close: () => captures.close(),
    };
  }
  const client = bucketFor(place, options, env);
  return {
    cameras: () => new BucketCaptures(client).cameras(),
    readStretch: (erasure) => readStretchOf(client, erasure),
    erase: (erasure, check) => eraseInBucket({ client, clock: systemClock }, erasure, check),
    close() {
      client.close();
      return Promise.resolve();
    },
  };
}

interface EraseOptions {
  readonly camera: string | undefined;
  readonly from: number | undefined;
  readonly to: number | undefined;
  readonly why: string | undefined;
}

/** @throws {UsageError} an option is missing, or the stretch is empty */
function erasureOf({ camera, from, to, why }: EraseOptions, nowMs: number): Erasure {
  const given = { camera, from, to, why };
  const missing = Object.entries(given).filter(([, each]) => each === undefined);
  if (camera === undefined || from === undefined || to === undefined || why === undefined) {
    throw new UsageError(`${missing.map(([name]) => `--${name}`).join(', ')} missing`);
  }
  if (from >= to) throw new UsageError('--from is not before --to');
  return { camera, atMs: Math.round(nowMs), fromLocalMs: from, toLocalMs: to, why };
}

/** Frames of a stretch that has not ended would never be stored. @throws {UsageError} */
function checkEnd({ toLocalMs }: Erasure, { utcOffsetMinutes }: Stretch, nowMs: number): void {
  const offset = utcOffsetMinutes ?? systemClock.utcOffsetMinutes(nowMs);
  const localNowMs = nowMs + offset * 60_000;
  if (toLocalMs <= localNowMs) return;
  const now = new Date(localNowMs).toISOString().slice(0, 19);
  throw new UsageError(`--to is after now: it is ${now} at the camera`, {
    hint: 'frames of that time would not be stored',
  });
}

/** @throws {OperationalError} STORE */
function checkKept(stretch: Stretch): void {
  if (stretch.keptFrames === 0) return;
  throw new OperationalError('STORE', `nothing is erased${keptText(stretch)}`, {
    hint: 'add --with-kept to erase them too, or end the keeping: receiver unkeep',
  });
}

/** @throws {OperationalError} STORE: some of it is left */
function finish(dir: string, camera: string, erased: Erased): void {
  writeTo(1, `erased ${counted(erased)} of ${camera}\n`);
  if (erased.left.length === 0) return;
  for (const line of erased.left) writeTo(1, `not erased: ${line}\n`);
  throw new OperationalError('STORE', `${erased.left.length} files in ${dir} are not erased`, {
    hint: 'the lines above name them; run the same command again when they can be removed',
  });
}

const counted = ({ frames, byteCount }: Pick<Stretch, 'frames' | 'byteCount'>): string =>
  `${frames} ${frames === 1 ? 'frame' : 'frames'}, ${(byteCount / 1e6).toFixed(1)} MB`;

const keptText = ({ keptFrames }: Stretch): string =>
  keptFrames === 0 ? '' : `: ${keptFrames} frames are kept on purpose`;

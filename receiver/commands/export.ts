/** `receiver export`: copies a stretch of a camera's time, for a person who is to see or to check it. */
import { systemClock } from '../../shared/clock.js';
import { type Environment, writeTo } from '../../shared/cli/command.js';
import { defineCommand } from '../../shared/cli/define-command.js';
import { OperationalError, UsageError, systemCode } from '../../shared/cli/errors.js';
import { counted, humanSize } from '../../shared/cli/humanize.js';
import { flag, value } from '../../shared/cli/option-table.js';
import { readPublicKey } from '../../shared/protocol/statement.js';
import { scopeFor } from '../../shared/setup/install/scope.js';
import { readInstalledSettings } from '../../shared/setup/install/settings.js';
import { type EarlierKey, readEarlierKeys } from '../access/keys/earlier-key.js';
import { KeyFolder } from '../access/keys/key-folder.js';
import { keysPath } from '../access/keys/keys-path.js';
import { openCaptures } from '../archive/captures-reader.js';
import { type Exported, exportCamera, unclockedText } from '../archive/export/export-camera.js';
import { openSink } from '../archive/export/export-sink.js';
import { folderName } from '../archive/report-options.js';
import { BucketSource } from '../archive/verify/bucket-source.js';
import { CapturesSource } from '../archive/verify/captures-source.js';
import { CheckEndedError } from '../archive/verify/check-threads.js';
import type { VerifySource } from '../archive/verify/day-folder.js';
import { fingerprintOf } from '../archive/verify/key-fingerprint.js';
import { keysErrorOf } from '../archive/verify/open-target.js';
import { moment } from '../archive/verify/verify-options.js';
import { receiverProgram } from '../options.js';
import { placeFor } from '../setup/installed.js';
import type { BucketOptions } from '../store/s3/open-bucket.js';
import { isBucketText } from '../store/s3/s3-address.js';
import { s3Options } from '../store/s3/s3-options.js';
import { bucketFor } from './bucket-for.js';
import { chooseCameras } from './choose-cameras.js';

export const exportProgram = {
  name: 'receiver',
  table: {
    dir: receiverProgram.table.dir,
    keys: receiverProgram.table.keys,
    camera: value(folderName, 'The camera, by the name of its folder.'),
    from: value(moment, "Start: a day or a time of the camera's own clock."),
    to: value(moment, 'End: a time that is not in it any more; a day: its midnight.'),
    ...s3Options,
    user: flag("The captures of the receiver of this user's systemd instance, not the system's."),
    help: flag('Show this help.'),
  },
} as const;

const usage = `receiver export --camera NAME --from MOMENT --to MOMENT OUT.zip|DIR

Copies the frames of a stretch of time, their lines of the record, the camera's public keys, and a page that shows
the pictures and how to check them. receiver verify checks it on any machine. Frames that are not as recorded are left out
and named; then the exit code is 1.

`;

/** @throws {UsageError} @throws {OperationalError} STORE: it cannot be read or written; VERIFY: frames were left out */
export const run = defineCommand({
  program: exportProgram,
  usage,
  accepts: 'positionals',
  async run({ options: { user }, env, optionsWith, positionals }) {
    const [out, ...others] = positionals;
    if (out === undefined || others.length > 0) {
      throw new UsageError('name one zip file or directory to write', {
        hint: 'receiver export --camera NAME --from MOMENT --to MOMENT OUT.zip',
      });
    }
    const scope = scopeFor(user, env);
    const settings = await readInstalledSettings(scope, 'receiver');
    const options = optionsWith(settings.variables);
    const { camera, range } = stretchOf(options);
    const dir = await placeFor(options.dir, scope);
    const folder = new KeyFolder(keysPath(options.keys, env));
    const publicKey = folder.read(camera)?.signer?.publicKey;
    const earlierKeys = readEarlierKeys(folder.path).filter((each) => each.camera === camera);
    const { source, close } = await openSource(dir, options, env);
    try {
      chooseCameras(await source.cameras(), camera, dir);
      const key = publicKey === undefined ? undefined : readPublicKey(publicKey);
      const page = {
        from: timeText(range.fromLocalMs),
        to: timeText(range.toLocalMs),
        exportedAt: `${timeText(systemClock.nowMs())} UTC`,
        fingerprint: key && fingerprintOf(key),
        earlier: earlierKeys.flatMap(earlierFact),
      };
      const wish = { camera, range, page, publicKey, earlierKeys };
      const exported = await writeExport(out, source, wish);
      writeTo(1, summaryOf(exported, camera, out));
      if (exported.brokenCount > 0) {
        const count = counted(exported.brokenCount, 'frame');
        throw new OperationalError('VERIFY', `${count} left out of ${out}: not as recorded`, {
          hint: 'the lines above and the page name them; receiver verify checks the whole store',
        });
      }
    } catch (cause) {
      const isLost = cause instanceof CheckEndedError;
      const keys = isLost ? keysErrorOf(cause) : undefined;
      if (keys !== undefined) throw keys;
      if (!isLost && (cause instanceof OperationalError || systemCode(cause) === undefined)) {
        throw cause;
      }
      throw new OperationalError('STORE', `cannot export from ${dir} to ${out}`, { cause });
    } finally {
      await close();
    }
  },
});

async function openSource(
  place: string,
  options: BucketOptions,
  env: Environment,
): Promise<{ readonly source: VerifySource; readonly close: () => Promise<void> }> {
  if (!isBucketText(place)) {
    const captures = await openCaptures(place, 'export');
    return { source: new CapturesSource(captures), close: () => captures.close() };
  }
  const client = bucketFor(place, options, env);
  const close = (): Promise<void> => {
    client.close();
    return Promise.resolve();
  };
  return { source: new BucketSource(client), close };
}

interface Stretch {
  readonly camera: string | undefined;
  readonly from: number | undefined;
  readonly to: number | undefined;
}

/** @throws {UsageError} something is missing, or they do not fit together */
function stretchOf({ camera, from, to }: Stretch) {
  if (camera === undefined) throw new UsageError('--camera is missing');
  if (from === undefined || to === undefined) {
    throw new UsageError(`--${from === undefined ? 'from' : 'to'} is missing`);
  }
  if (from >= to) throw new UsageError('--from is not before --to');
  return { camera, range: { fromLocalMs: from, toLocalMs: to } };
}

async function writeExport(
  out: string,
  source: VerifySource,
  wish: Parameters<typeof exportCamera>[2],
): Promise<Exported> {
  const sink = await openSink(out);
  try {
    const exported = await exportCamera(source, sink, wish);
    await sink.finish();
    return exported;
  } catch (error) {
    await sink.abandon();
    throw error;
  }
}

function summaryOf(
  { frames, bytes, lines, deleted, unclocked, broken, brokenCount }: Exported,
  camera: string,
  out: string,
): string {
  const more = brokenCount - broken.length;
  return [
    ...broken.map((each) => `left out: ${each}`),
    ...(more > 0 ? [`left out: ${more} more`] : []),
    ...(deleted > 0 ? [`${counted(deleted, 'frame')} of this stretch had been deleted`] : []),
    ...(unclocked > 0 ? [`left out: ${unclockedText(camera, unclocked)}`] : []),
    `${out}: ${counted(frames, 'frame')} (${humanSize(bytes)}), ${counted(lines, 'line')} of the record`,
    '',
  ].join('\n');
}

function earlierFact({ name, pem }: EarlierKey) {
  const key = readPublicKey(pem);
  return key === undefined ? [] : [{ name, fingerprint: fingerprintOf(key) }];
}

const timeText = (ms: number): string => new Date(ms).toISOString().slice(0, 16).replace('T', ' ');

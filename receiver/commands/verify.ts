/** `receiver verify`: whether all that is recorded is there, unchanged and signed. */
import { availableParallelism } from 'node:os';
import { isatty } from 'node:tty';
import { systemClock } from '../../shared/clock.js';
import { writeTo } from '../../shared/cli/command.js';
import { defineCommand } from '../../shared/cli/define-command.js';
import { UsageError } from '../../shared/cli/errors.js';
import { flag, list, value } from '../../shared/cli/option-table.js';
import { scopeFor } from '../../shared/setup/install/scope.js';
import { readInstalledSettings } from '../../shared/setup/install/settings.js';
import { KeyFolder } from '../access/keys/key-folder.js';
import { keysPath } from '../access/keys/keys-path.js';
import { folderName } from '../archive/report-options.js';
import { CheckThreads } from '../archive/verify/check-threads.js';
import type { VerifySource } from '../archive/verify/day-folder.js';
import type { ExportFacts } from '../archive/verify/export-facts.js';
import { fingerprintOf } from '../archive/verify/key-fingerprint.js';
import type { KnownKey } from '../archive/verify/keys.js';
import {
  type Target,
  bucketTarget,
  openTarget,
  targetError,
} from '../archive/verify/open-target.js';
import { VerifyOutput } from '../archive/verify/verify-output.js';
import { knownKeys } from '../archive/verify/known-keys.js';
import { ProgressBar } from '../archive/verify/progress-bar.js';
import { verifyCaptures } from '../archive/verify/verify-captures.js';
import { type Since, keyFile, since } from '../archive/verify/verify-options.js';
import { receiverProgram } from '../options.js';
import { placeFor } from '../setup/installed.js';
import { isBucketText } from '../store/s3/s3-address.js';
import { s3Options } from '../store/s3/s3-options.js';
import { bucketFor } from './bucket-for.js';
import { chooseCameras, requireUsed, requireUsedBucket } from './choose-cameras.js';

export const verifyProgram = {
  name: 'receiver',
  table: {
    dir: receiverProgram.table.dir,
    keys: receiverProgram.table.keys,
    camera: value(
      folderName,
      'Only this camera, by the name of its folder. Without it: each camera.',
    ),
    since: value(
      since,
      "Only days since then, and older days that something was added to: a time before now, or a day or time of the camera's own clock.",
    ),
    key: list(
      keyFile,
      "The public key of a camera's signatures, for a machine without the receiver's keys, or an earlier key of the camera.",
    ),
    ...s3Options,
    user: flag("The captures of the receiver of this user's systemd instance, not the system's."),
    json: flag('Print a line of JSON for each finding and for each camera.'),
    help: flag('Show this help.'),
  },
} as const;

const usage = `receiver verify [EXPORT] [--dir DIR] [--camera NAME] [--since MOMENT|DURATION] [--key CAMERA=FILE] [--json]

Checks that every recorded frame is there with its size and its SHA-256, that every signature holds, that no entry is
missing, and that lines and files are where they belong. Reads only; a receiver may run meanwhile. EXPORT is a zip file
or a directory that receiver export wrote: it is checked instead, on any machine.
Exit code 0: all as recorded; 1: there are findings; 2: wrong usage; 3: something could not be read.

`;

/**
 * @throws {UsageError}
 * @throws {OperationalError} VERIFY: there are findings; UNREADABLE: something could not be read; KEYS
 */
export const run = defineCommand({
  program: verifyProgram,
  usage,
  accepts: 'positionals',
  async run({ options: { user }, env, optionsWith, positionals }) {
    const [exported, ...others] = positionals;
    if (others.length > 0) throw new UsageError(`unexpected argument '${others[0]}'`);
    const scope = scopeFor(user, env);
    const settings = await readInstalledSettings(scope, 'receiver');
    const options = optionsWith(settings.variables);
    const path = exported ?? (await placeFor(options.dir, scope));
    const sinceMs = sinceMsOf(options.since);
    const isBucket = exported === undefined && isBucketText(path);
    const client = isBucket ? bucketFor(path, options, env) : undefined;
    const target: Target =
      client === undefined ? await openTarget(path, sinceMs) : bucketTarget(client, sinceMs);
    // Built files are beside this program.
    const checker = new CheckThreads(new URL('verify-worker.js', import.meta.url), threads());
    try {
      const { source, facts, ownKeys } = target;
      if (exported !== undefined && facts === undefined) {
        throw new UsageError(`${path} is no export`, { hint: `receiver verify --dir ${path}` });
      }
      // The pinned keys of this machine's receiver are not those of another one's cameras.
      const isHidden = settings.status === 'hidden' && options.keys === undefined;
      const folder =
        facts !== undefined || isHidden ? undefined : new KeyFolder(keysPath(options.keys, env));
      const keys = await knownKeys(folder, options.key);
      if (facts !== undefined && ownKeys.length > 0 && !keys.has(facts.camera)) {
        keys.set(facts.camera, [...ownKeys]);
      }
      const all = await source.cameras();
      if (client !== undefined) await requireUsedBucket(all, path, client);
      else if (facts === undefined) await requireUsed(all, path);
      const cameras = chooseCameras(all, options.camera, path);
      const progress = await progressFor(source, cameras);
      const output = new VerifyOutput(options.json, progress, (text) => writeTo(1, text));
      if (isHidden && facts === undefined) {
        output.say(
          `this user may not read ${settings.path}, which names the keys: sudo receiver verify\n`,
        );
      }
      if (facts !== undefined) output.say(exportText(facts, keys.get(facts.camera), ownKeys));
      await verifyCaptures(
        {
          ...{ source, keys, checker, cameras, part: facts },
          since: sinceMs === undefined ? undefined : { atMs: sinceMs, all: target.all },
          nowMs: () => systemClock.nowMs(),
          sleep: (ms) => systemClock.sleep(ms),
          onFinding: (finding) => output.finding(finding),
          onBytes: (bytes) => progress?.add(bytes),
        },
        (result) => output.camera(result),
      );
      output.end(path);
    } catch (error) {
      throw targetError(path, error);
    } finally {
      await checker.close();
      await target.close();
    }
  },
});

/** Two at least: one reads while the other one hashes. */
const threads = (): number => Math.min(4, Math.max(2, availableParallelism()));

/** Whose key it is, is not in the export. */
function exportText(
  { camera, from, to, exportedAt }: ExportFacts,
  used: readonly KnownKey[] = [],
  own: readonly KnownKey[],
): string {
  const head = `export of ${camera}, ${from} to ${to}, made ${exportedAt}\n`;
  if (used.length === 0) return `${head}no key came with it\n`;
  const isOwn = used[0] === own[0];
  const whose = isOwn ? 'the key came with the export' : 'with the given key';
  const lines = used.map(({ key }) => `${whose}: ${fingerprintOf(key)}\n`);
  const compare = `compare ${lines.length === 1 ? 'it' : 'each'} with what the owner of the receiver gets from: receiver cameras --fingerprints\n`;
  return `${head}${lines.join('')}${isOwn ? compare : ''}`;
}

function sinceMsOf(given: Since | undefined): number | undefined {
  if (given === undefined) return undefined;
  const nowMs = systemClock.nowMs();
  if ('agoMs' in given) return nowMs - given.agoMs;
  // Zones are up to fourteen hours ahead: rather a day too many.
  const sinceMs = given.localMs - 14 * 3_600_000;
  if (sinceMs <= nowMs) return sinceMs;
  throw new UsageError('--since is later than now: nothing would be checked');
}

/** @returns undefined: standard error is no terminal */
async function progressFor(
  source: VerifySource,
  cameras: readonly string[],
): Promise<ProgressBar | undefined> {
  if (!isatty(2)) return undefined;
  let totalBytes = 0;
  for (const camera of cameras) {
    await source.days(
      camera,
      async (day) => {
        for await (const name of day.names()) {
          if (name.endsWith('.jpg')) totalBytes += day.look(name)?.bytes ?? 0;
        }
      },
      () => undefined,
    );
  }
  return new ProgressBar((text) => writeTo(2, text), systemClock, totalBytes);
}

/** `receiver report`: what each camera did on a day, from the records of the captures directory. */
import { isatty } from 'node:tty';
import { systemClock } from '../../shared/clock.js';
import { type Environment, writeTo } from '../../shared/cli/command.js';
import { defineCommand } from '../../shared/cli/define-command.js';
import { OperationalError, UsageError, systemCode } from '../../shared/cli/errors.js';
import { flag, value } from '../../shared/cli/option-table.js';
import { scopeFor } from '../../shared/setup/install/scope.js';
import { readInstalledSettings } from '../../shared/setup/install/settings.js';
import type { LocalRange } from '../archive/camera-zone.js';
import { camerasIn, dayName, openCaptures, readCamera } from '../archive/captures-reader.js';
import { daysForReport } from '../archive/mirror/choose-days.js';
import { mapAtOnce } from '../store/at-once.js';
import { mirrorOptions } from '../archive/mirror/mirror-options.js';
import { day, folderName, localTime } from '../archive/report-options.js';
import { reportJson } from '../archive/report-json.js';
import { legend, reportText } from '../archive/report-text.js';
import { placeFor } from '../setup/installed.js';
import type { Folder } from '../store/folder.js';
import { capturesPlace, isBucketText } from '../store/s3/s3-address.js';
import { chooseCameras, requireUsed } from './choose-cameras.js';
import { type MirrorOptions, openMirror } from './open-mirror.js';

export const reportProgram = {
  name: 'receiver',
  table: {
    dir: value(
      capturesPlace,
      'Captures directory, or bucket: s3://BUCKET/PREFIX. Without it: that of the installed receiver.',
    ),
    camera: value(
      folderName,
      'Only this camera, by the name of its folder. Without it: each camera.',
    ),
    day: value(
      day,
      "The day, in each camera's own local time. Without it: the date of this machine.",
    ),
    from: value(localTime, "Start, in each camera's own local time; with --to, instead of --day."),
    to: value(localTime, 'End; at most 31 days after the start.'),
    user: flag("Report on the receiver of this user's systemd instance instead of the system's."),
    json: flag('Print one JSON object.'),
    ...mirrorOptions,
    help: flag('Show this help.'),
  },
} as const;

const usage = `receiver report [--dir DIR] [--camera NAME] [--day DAY | --from TIME --to TIME]

Shows what each camera did: when it was watched and quiet, when something changed, when it was not watched and why,
and what is unknown; its events, frames and gaps; whether it is silent, and whether its clock is wrong.

`;

const dayMs = 86_400_000;
const maxDays = 31;
/** Of a bucket, whose records are read. */
const camerasAtOnce = 8;
/** Characters of the line of a day: one for each half hour, or for each quarter on a wide terminal. */
const [narrow, wide] = [48, 96];

/** @throws {UsageError} @throws {OperationalError} STORE: the captures may not be read */
export const run = defineCommand({
  program: reportProgram,
  usage,
  async run({ options: { user }, env, optionsWith }) {
    const scope = scopeFor(user, env);
    const settings = await readInstalledSettings(scope, 'receiver');
    const options = optionsWith(settings.variables);
    const dir = await placeFor(options.dir, scope);
    const nowMs = systemClock.nowMs();
    const utcOffsetMinutes = systemClock.utcOffsetMinutes(nowMs);
    const range = rangeOf(options, nowMs + utcOffsetMinutes * 60_000);
    const records = await openRecords(dir, options, range, env);
    try {
      const { captures } = records;
      const all = await camerasIn(captures);
      if (!isBucketText(dir)) await requireUsed(all, dir);
      const names = chooseCameras(all, options.camera, dir);
      const wish = { range, nowMs, utcOffsetMinutes };
      const cells = columnsOf() > wide + 3 ? wide : narrow;
      const texts: string[] = [];
      for (const camera of names) {
        const report = await readCamera(captures, camera, wish);
        const { json } = options;
        texts.push(
          json ? JSON.stringify(reportJson(report)) : `${reportText(report, cells, nowMs)}\n`,
        );
      }
      if (options.json) {
        writeTo(1, `{"dir":${JSON.stringify(dir)},"nowMs":${nowMs},"cameras":[${texts.join()}]}\n`);
      } else if (names.length === 0) writeTo(1, `no camera has sent anything to ${dir} yet\n`);
      else writeTo(1, texts.join('') + legend);
    } catch (cause) {
      if (cause instanceof OperationalError || systemCode(cause) === undefined) throw cause;
      throw new OperationalError('STORE', `cannot read ${dir}`, { cause });
    } finally {
      await records.close();
    }
  },
});

interface Records {
  /** A captures directory, or the mirror of a bucket. */
  readonly captures: Folder;
  close(): Promise<void>;
}

/** @throws {UsageError} @throws {OperationalError} STORE, KEYS */
async function openRecords(
  dir: string,
  options: MirrorOptions & { readonly camera: string | undefined },
  { fromLocalMs, toLocalMs }: LocalRange,
  env: Environment,
): Promise<Records> {
  if (!isBucketText(dir)) {
    const captures = await openCaptures(dir);
    return { captures, close: () => captures.close() };
  }
  const opened = await openMirror(dir, options, { env, clock: systemClock });
  try {
    const { mirror } = opened;
    const days = daysForReport(dayName(fromLocalMs), dayName(toLocalMs - 1));
    const cameras = await mirror.refreshCameras();
    const chosen = cameras.filter((name) => name === (options.camera ?? name));
    await mapAtOnce(chosen, camerasAtOnce, (name) => mirror.refreshCamera(name, days));
    // The error names the cameras that there are.
    if (chosen.length === 0)
      await mapAtOnce(cameras, camerasAtOnce, (name) => mirror.refreshDays(name));
    const captures = await openCaptures(mirror.directory);
    const close = async (): Promise<void> => {
      await captures.close();
      await opened.close();
    };
    return { captures, close };
  } catch (error) {
    await opened.close();
    throw error;
  }
}

/** Characters in a line of the terminal; 0: it is none. A pipe must not become non-blocking by a look at it. */
const columnsOf = (): number => (isatty(1) ? process.stdout.columns : 0);

interface RangeOptions {
  readonly day: number | undefined;
  readonly from: number | undefined;
  readonly to: number | undefined;
}

/** @throws {UsageError} the options do not fit together */
function rangeOf({ day: given, from, to }: RangeOptions, localNowMs: number): LocalRange {
  if (from === undefined && to === undefined) {
    const fromLocalMs = given ?? Math.floor(localNowMs / dayMs) * dayMs;
    return { fromLocalMs, toLocalMs: fromLocalMs + dayMs };
  }
  if (given !== undefined) throw new UsageError('--day does not go with --from and --to');
  if (from === undefined || to === undefined) {
    throw new UsageError(`--${from === undefined ? 'from' : 'to'} is missing`);
  }
  if (from >= to) throw new UsageError('--from is not before --to');
  if (to - from > maxDays * dayMs) {
    throw new UsageError(`--from and --to are more than ${maxDays} days apart`);
  }
  return { fromLocalMs: from, toLocalMs: to };
}

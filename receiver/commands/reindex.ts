/** `receiver reindex`: writes the lines that records lack, from the files of the frames. */
import { systemClock } from '../../shared/clock.js';
import { writeTo } from '../../shared/cli/command.js';
import { defineCommand } from '../../shared/cli/define-command.js';
import { OperationalError, UsageError, systemCode } from '../../shared/cli/errors.js';
import { flag, value } from '../../shared/cli/option-table.js';
import { restrictNewFiles } from '../../shared/files/umask.js';
import { scopeFor } from '../../shared/setup/install/scope.js';
import { readInstalledSettings } from '../../shared/setup/install/settings.js';
import { camerasIn, daysOf, openCaptures } from '../archive/captures-reader.js';
import { type Reindexed, reindexDay } from '../archive/reindex.js';
import { day, folderName } from '../archive/report-options.js';
import { receiverProgram } from '../options.js';
import { capturesFor } from '../setup/installed.js';

export const reindexProgram = {
  name: 'receiver',
  table: {
    dir: receiverProgram.table.dir,
    camera: value(
      folderName,
      'Only this camera, by the name of its folder. Without it: each camera.',
    ),
    day: value(day, "Only this day, in the camera's own local time. Without it: every day."),
    user: flag("The captures of the receiver of this user's systemd instance, not the system's."),
    help: flag('Show this help.'),
  },
} as const;

const usage = `receiver reindex [--dir DIR] [--camera NAME] [--day DAY]

Writes the lines that the record of a day lacks, from the files of its frames. Run it after a record was lost. What
was in the record alone is lost: decisions, events, signatures, gaps and reports. A receiver may run meanwhile.

`;

/** @throws {UsageError} @throws {OperationalError} STORE: captures or some of the files cannot be read or written */
export const run = defineCommand({
  program: reindexProgram,
  usage,
  async run({ options: { user }, env, optionsWith }) {
    restrictNewFiles(0o027);
    const scope = scopeFor(user, env);
    const settings = await readInstalledSettings(scope, 'receiver');
    const options = optionsWith(settings.variables);
    const dir = await capturesFor(options.dir, scope);
    const captures = await openCaptures(dir, 'reindex');
    try {
      const all = await camerasIn(captures);
      const cameras = options.camera === undefined ? all : [options.camera];
      if (options.camera !== undefined && !all.includes(options.camera)) {
        throw new UsageError(`no camera ${options.camera} in ${dir}`, {
          hint: `the cameras are: ${all.join(', ') || 'none'}`,
        });
      }
      let [days, recovered, left, problems] = [0, 0, 0, 0];
      for (const camera of cameras) {
        await daysOf(captures, camera, options.day, async (path, folder) => {
          const done = await reindexDay(folder, camera, systemClock.nowMs());
          days += 1;
          recovered += done.recovered;
          left += done.young + done.problems.length;
          problems += done.problems.length;
          for (const line of linesOf(path, done)) writeTo(1, `${line}\n`);
        });
      }
      writeTo(1, summaryOf(days, recovered, left));
      if (problems > 0) {
        throw new OperationalError('STORE', `${problems} files in ${dir} cannot be read`, {
          hint: 'the lines above name them; run receiver reindex again when they can be read',
        });
      }
    } catch (cause) {
      const isSaid = cause instanceof OperationalError || cause instanceof UsageError;
      if (isSaid || systemCode(cause) === undefined) throw cause;
      throw new OperationalError('STORE', `cannot write the records in ${dir}`, { cause });
    } finally {
      await captures.close();
    }
  },
});

/** Nothing for a day whose record is whole. */
function linesOf(path: string, done: Reindexed): string[] {
  const { frames, recovered, young, skippedLines, problems } = done;
  const lines = problems.map((problem) => `${path}: not recovered: ${problem}`);
  if (skippedLines > 0)
    lines.push(`${path}: ${skippedLines} lines are unknown or cut off; they stay`);
  if (young > 0) {
    lines.push(
      `${path}: ${young} frames without a line are less than a minute old here, and may still get one: run it again in a minute`,
    );
  }
  if (recovered > 0) {
    lines.push(`${path}: ${recovered} of ${frames} frames recovered from their files`);
  }
  return lines;
}

function summaryOf(days: number, recovered: number, left: number): string {
  const all = `${days} ${days === 1 ? 'day' : 'days'}`;
  if (days === 0) return 'there is no day to look at\n';
  if (recovered === 0 && left === 0) return `${all}: every frame has its line\n`;
  const rest = left > 0 ? `, ${left} still without a line` : '';
  const lost =
    recovered > 0
      ? '. Their decisions, events and signatures cannot be recovered, nor the gaps and reports of these days'
      : '';
  return `${all}: ${recovered} frames recovered${rest}${lost}\n`;
}

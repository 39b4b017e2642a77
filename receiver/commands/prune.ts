/** `receiver prune`: deletes the oldest frames beyond the limits, or lists them. */
import { systemClock } from '../../shared/clock.js';
import { type Environment, writeTo } from '../../shared/cli/command.js';
import { defineCommand } from '../../shared/cli/define-command.js';
import { OperationalError, UsageError, systemCode } from '../../shared/cli/errors.js';
import { counted, humanSize } from '../../shared/cli/humanize.js';
import { flag } from '../../shared/cli/option-table.js';
import { restrictNewFiles } from '../../shared/files/umask.js';
import { scopeFor } from '../../shared/setup/install/scope.js';
import { readInstalledSettings } from '../../shared/setup/install/settings.js';
import { openBucketSweep } from '../archive/bucket/open-bucket-sweep.js';
import { mirrorOptions } from '../archive/mirror/mirror-options.js';
import { isMuch } from '../archive/retention/caution.js';
import { type RetentionLimits, hasLimits, limitsText } from '../archive/retention/limits.js';
import { openSweepParts } from '../archive/retention/open-retention.js';
import { planJson, planText, shortLines } from '../archive/retention/plan-text.js';
import {
  type Scheduled,
  cautiousSweep,
  scheduledLines,
  scheduledSweep,
} from '../archive/retention/scheduled-sweep.js';
import { dryRun, sweep } from '../archive/retention/sweep.js';
import type { SweepParts } from '../archive/retention/sweep-parts.js';
import { receiverProgram } from '../options.js';
import { placeFor } from '../setup/installed.js';
import { isBucketText } from '../store/s3/s3-address.js';
import { bucketFor } from './bucket-for.js';
import { checkBucketLimits } from './bucket-retention.js';
import { type MirrorOptions, openMirror } from './open-mirror.js';
import { limitsOf } from './retention.js';

const { dir, maxAge, maxSize, minFree } = receiverProgram.table;

export const pruneProgram = {
  name: 'receiver',
  table: {
    ...{ dir, maxAge, maxSize, minFree, ...mirrorOptions },
    dryRun: flag('List what would be deleted, and why; delete nothing.'),
    yes: flag('Also delete more than half of all frames.'),
    scheduled: flag(
      'As picchanged-prune.timer runs it: a deletion of more than half waits for a day, as in a running receiver. ' +
        'No limit, a directory that no receiver has used, and another sweep are no errors.',
    ),
    user: flag("The captures of the receiver of this user's systemd instance, not the system's."),
    json: flag('Print one JSON object.'),
    help: flag('Show this help.'),
  },
} as const;

const usage = `receiver prune [--dir DIR] [--max-age DURATION] [--max-size SIZE] [--min-free SIZE|PERCENT] [--dry-run]

Deletes the oldest frames beyond the limits, whole events where possible; kept ones stay. Without a limit on the command
line, those of the installed receiver apply. A receiver may run meanwhile: with the same limits it does the same. In a
bucket the records of days that are over are compacted too.

`;

/** How long to wait for a receiver's own sweep. */
const waitS = 60;

/** @throws {UsageError} @throws {OperationalError} STORE */
export const run = defineCommand({
  program: pruneProgram,
  usage,
  async run({ options: { user }, env, optionsWith }) {
    restrictNewFiles(0o027);
    const scope = scopeFor(user, env);
    const settings = await readInstalledSettings(scope, 'receiver');
    const options = optionsWith(settings.variables);
    const place = await placeFor(options.dir, scope);
    const limits = limitsOf(options);
    const inBucket = { place, options, env };
    if (options.scheduled) {
      await pruneScheduled(inBucket, limits);
      return;
    }
    if (!hasLimits(limits)) {
      throw new UsageError('there is no limit', {
        hint:
          settings.status === 'hidden'
            ? `this user may not read ${settings.path}: sudo receiver prune, or name a limit`
            : 'name one: --max-age 30d, --max-size 500GiB or --min-free 10%',
      });
    }
    const print = (text: string, json: object): void =>
      writeTo(1, options.json ? `${JSON.stringify({ dir: place, ...json })}\n` : text);
    await withSweep(inBucket, limits, async (parts) => {
      if (options.dryRun) {
        const { plan, left } = await dryRun(parts);
        print(planText(plan) + linesOf(left), { ...planJson(plan), left });
        return;
      }
      const { outcome, plan, ...done } = await sweep(parts, {
        waitS,
        mayDelete: ({ frameCount }, all) => options.yes || !isMuch(frameCount, all),
      });
      if (outcome === 'held') {
        throw new OperationalError('STORE', `another process deletes frames in ${place}`, {
          hint: 'run receiver prune again when it has ended',
        });
      }
      if (outcome === 'refused')
        throw tooMuch(plan?.frameCount ?? 0, parts.totals.frames, limitsText(limits));
      const short = plan === undefined ? [] : shortLines(plan.shortBytes);
      const sum = `${counted(done.frames, 'frame')} deleted, ${humanSize(done.byteCount)}\n`;
      print(sum + linesOf([...short, ...done.left]), { ...done, short });
    });
  },
});

interface Where {
  readonly place: string;
  readonly options: MirrorOptions;
  readonly env: Environment;
}

/** @throws {UsageError} @throws {OperationalError} STORE */
async function withSweep(
  { place, options, env }: Where,
  limits: RetentionLimits,
  act: (parts: SweepParts) => Promise<void>,
): Promise<void> {
  try {
    if (!isBucketText(place)) {
      await act(await openSweepParts(place, limits, systemClock));
      return;
    }
    checkBucketLimits(place, limits);
    const client = bucketFor(place, options, env);
    try {
      const opened = await openBucketSweep({
        ...{ client, clock: systemClock, limits },
        openMirror: () => openMirror(place, options, { env, clock: systemClock }),
      });
      await act(opened.parts).finally(opened.close);
    } finally {
      client.close();
    }
  } catch (cause) {
    throw storeError(place, cause);
  }
}

/** What a running receiver does with these limits, once. */
async function pruneScheduled(where: Where, limits: RetentionLimits): Promise<void> {
  const { place } = where;
  const print = (text: string): void => writeTo(1, `${text}\n`);
  if (!hasLimits(limits)) {
    print('nothing is deleted: there is no limit');
    return;
  }
  const say = (done: Scheduled): void => {
    for (const line of scheduledLines(place, limits, done)) print(line);
  };
  if (isBucketText(place)) {
    await withSweep(where, limits, async (parts) => say(await cautiousSweep(parts, { waitS })));
    return;
  }
  try {
    say(await scheduledSweep(place, limits, systemClock, waitS));
  } catch (cause) {
    throw storeError(place, cause);
  }
}

/** @returns the error as an OperationalError, if it is one of the system */
function storeError(directory: string, cause: unknown): unknown {
  if (cause instanceof OperationalError || systemCode(cause) === undefined) return cause;
  const isDenied = ['EACCES', 'EPERM'].includes(systemCode(cause) ?? '');
  return new OperationalError('STORE', `cannot delete frames in ${directory}`, {
    cause,
    ...(isDenied && { hint: 'sudo receiver prune' }),
  });
}

function tooMuch(frames: number, all: number, limits: string): OperationalError {
  return new OperationalError(
    'STORE',
    `${limits} would delete ${counted(frames, 'frame')} of ${all}, more than half: nothing is deleted`,
    { hint: 'see receiver prune --dry-run; receiver prune --yes deletes them' },
  );
}

const linesOf = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');

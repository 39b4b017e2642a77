/**
 * The fault suite for any number of rounds: `npm run test:faults -- --rounds N --seed S`. Prints the faults and the
 * audit; ends with 1 when a promise was broken.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { noSmallDisks } from './disk.js';
import { runFaults } from './fault-run.js';
import { faultKindsHere, findLibfaketime, missingFaults } from './capabilities.js';
import {
  type Fault,
  type FaultKind,
  diskFaultKinds,
  errnoMix,
  faultKinds,
  isDiskFault,
  makePlan,
  seededRandom,
} from './plan.js';

const allKinds: readonly FaultKind[] = [...faultKinds, ...diskFaultKinds];
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '1' },
    seed: { type: 'string' },
    frames: { type: 'string', default: '2000' },
    faults: { type: 'string', default: '200' },
    tls: { type: 'boolean', default: false },
    errno: { type: 'boolean', default: false },
    kinds: { type: 'string' },
    verbose: { type: 'boolean', default: false },
  },
});
const kinds = kindsAskedFor();
const rounds = Number(values.rounds);
const firstSeed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
const [frames, faults] = [Number(values.frames), Number(values.faults)];
const areNumbers = [rounds, firstSeed, frames, faults].every((number) =>
  Number.isSafeInteger(number),
);
if (!areNumbers || kinds === undefined) {
  console.error(
    'npm run test:faults -- [--rounds N] [--seed S] [--frames N] [--faults N] [--tls] [--verbose]\n' +
      '                       [--errno | --kinds KIND,KIND…]\n' +
      `kinds: ${allKinds.join(' ')}`,
  );
  process.exit(2);
}
const how = `${values.tls ? ' --tls' : ''}${values.errno ? ' --errno' : ''}${
  values.kinds === undefined ? '' : ` --kinds ${values.kinds}`
}`;

/** @returns undefined for an unknown kind */
function kindsAskedFor(): readonly FaultKind[] | undefined {
  if (values.kinds === undefined) return values.errno ? errnoMix : faultKinds;
  const named = values.kinds.split(',');
  const known = named.flatMap((name) => allKinds.filter((kind) => kind === name));
  return known.length === named.length ? known : undefined;
}

/** Ctrl-C ends all processes and unmounts all disks. */
const interrupted = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.once(name, () => interrupted.abort(new Error(`ended by ${name}`)));
}

/** `41 kill-agent 12 stall …` */
function describePlan(plan: readonly Fault[]): string {
  const counts = new Map<string, number>();
  for (const { kind } of plan) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return [...counts].map(([kind, count]) => `${count} ${kind}`).join(', ');
}

async function runRound(seed: number): Promise<boolean> {
  const directory = mkdtempSync(join(tmpdir(), 'picchanged-faults-'));
  const here = faultKindsHere(kinds);
  for (const [kind, why] of missingFaults()) {
    if (kinds?.includes(kind)) console.log(`left out ${kind}: ${why}`);
  }
  const plan = makePlan({ seed, faults, frames, kinds: here });
  console.log(
    `seed ${seed}: ${frames} frames${values.tls ? ' over TLS' : ''} through ${plan.length} faults: ${describePlan(plan)}`,
  );
  const startMs = performance.now();
  const { violations, ...figures } = await runFaults({
    directory,
    programs: { agent: resolve('dist/agent.js'), receiver: resolve('dist/receiver.js') },
    random: seededRandom(seed + 1),
    isReceiverMany: false,
    isSecure: values.tls,
    hasSmallDisks: noSmallDisks === undefined,
    libfaketime: findLibfaketime(),
    plan,
    frames,
    frameEveryMs: 40,
    // After a disk failure waiting frames are retried within a minute.
    settleDeadlineMs: kinds?.some(isDiskFault) ? 90_000 : 180_000,
    signal: interrupted.signal,
    onDetail: (what) => {
      if (values.verbose) console.log(`    ${what}`);
    },
    onFault: ({ kind, lastsMs }, declared) => {
      if (values.verbose) console.log(`  ${declared} declared, now ${kind} (${lastsMs} ms)`);
    },
  });
  const seconds = ((performance.now() - startMs) / 1000).toFixed(0);
  const facts = Object.entries(figures).map(([name, figure]) => `${name} ${figure}`);
  console.log(`  ${facts.join(', ')} in ${seconds} s`);
  if (violations.length === 0) {
    console.log('  kept: every frame declared is stored whole, once, or counted');
    rmSync(directory, { recursive: true, force: true });
    return true;
  }
  for (const violation of violations) console.log(`  BROKEN: ${violation}`);
  console.log(`  again: --seed ${seed}${how}; logs and what is left of the disks: ${directory}`);
  return false;
}

for (let round = 0; round < rounds; round += 1) {
  try {
    if (!(await runRound(firstSeed + round))) process.exitCode = 1;
  } catch (error) {
    console.error(`  ${error instanceof Error ? error.message : String(error)}`);
    console.error(`  the newest ${join(tmpdir(), 'picchanged-faults-*')} has the logs`);
    process.exitCode = 1;
    if (interrupted.signal.aborted) break;
  }
}

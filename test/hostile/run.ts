/**
 * Hostile sessions for any time: `npm run test:hostile -- --seconds N --seed S`. Prints the seed of each round; ends
 * with 1 when a rule was broken.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { runHostile } from './hostile-run.js';
import { planWorld, worldKinds } from './plan.js';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string' },
    sessions: { type: 'string', default: '150' },
    frames: { type: 'string', default: '40' },
    deadline: { type: 'string', default: '120' },
    world: { type: 'string' },
  },
});
const firstSeed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
const numbers = [values.seconds, values.sessions, values.frames, values.deadline].map(Number);
const [seconds = 0, minSessions = 0, frames = 0, deadlineSeconds = 0] = numbers;
const kinds = worldKinds.filter((kind) => kind === (values.world ?? kind));
if (kinds.length === 0 || ![firstSeed, ...numbers].every((each) => Number.isSafeInteger(each))) {
  console.error(
    'npm run test:hostile -- [--seconds N] [--seed S] [--sessions N] [--frames N] [--deadline SECONDS] ' +
      `[--world '${worldKinds.join("'|'")}']`,
  );
  process.exit(2);
}

/** Ctrl-C ends all processes. */
const interrupted = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.once(name, () => interrupted.abort(new Error(`ended by ${name}`)));
}

async function runRound(seed: number): Promise<boolean> {
  const kind = kinds[seed % kinds.length]!;
  const world = planWorld(seed, kind);
  const directory = mkdtempSync(join(tmpdir(), 'picchanged-hostile-'));
  console.log(`seed ${seed}: ${JSON.stringify(world)}`);
  const startMs = performance.now();
  const { violations, lastSessions, ...figures } = await runHostile({
    ...{ seed, world, directory, minSessions, frames },
    programs: { agent: resolve('dist/agent.js'), receiver: resolve('dist/receiver.js') },
    progressDeadlineMs: deadlineSeconds * 1000,
    signal: interrupted.signal,
  });
  const facts = Object.entries(figures).map(([name, figure]) => `${name} ${figure}`);
  console.log(`  ${facts.join(', ')} in ${((performance.now() - startMs) / 1000).toFixed(0)} s`);
  if (violations.length === 0) {
    rmSync(directory, { recursive: true, force: true });
    return true;
  }
  for (const violation of violations) console.log(`  BROKEN: ${violation}`);
  for (const session of lastSessions) console.log(`  at the end: ${JSON.stringify(session)}`);
  console.log(
    `  again: --seconds 1 --seed ${seed} --world '${kind}'; what is left of it: ${directory}`,
  );
  return false;
}

const startMs = performance.now();
let seed = firstSeed;
do {
  try {
    if (!(await runRound(seed))) process.exitCode = 1;
  } catch (error) {
    console.error(`  ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
    break;
  }
  seed += 1;
} while (performance.now() - startMs < seconds * 1000);

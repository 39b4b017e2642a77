/**
 * The fault suite in its short form; docs/faults.md describes it. `npm run test:faults -- --seed S` repeats a failure,
 * with the seed that the test prints: the plan is the same, the exact times depend on the machine.
 */
import { describe, expect, it } from 'vitest';
import { root } from '../support/programs.js';
import { diskDirectory } from '../support/temporary.js';
import { noSmallDisks } from './disk.js';
import { runFaults } from './fault-run.js';
import { faultKindsHere, findLibfaketime, missingFaults } from './capabilities.js';
import { type FaultKind, faultKinds, makePlan, seededRandom } from './plan.js';

const programs = { agent: `${root}dist/agent.js`, receiver: `${root}dist/receiver.js` };
const timeLimitMs = 600_000;

/** A part of a number of frames or faults: `npm run test:quick` runs a shorter form. */
const scaled = (count: number): number => Math.ceil(count * Number(process.env.FAULT_SHARE ?? 1));

/** A spool for twenty frames. */
const smallSpool = { agentArgs: ['--spool-max-size', '1MiB'], leastFrameBytes: 50_000 };

interface Form {
  readonly frames: number;
  readonly faults: number;
  readonly kinds: readonly FaultKind[];
  readonly isReceiverMany: boolean;
  readonly isSecure: boolean;
  readonly agentArgs?: readonly string[];
  readonly leastFrameBytes?: number;
}

async function goThrough({ frames, faults, kinds, ...form }: Form) {
  const seed = Math.floor(Math.random() * 2 ** 31);
  const plan = makePlan({ seed, faults, frames, kinds });
  const { violations, ...figures } = await runFaults({
    directory: diskDirectory(),
    programs,
    random: seededRandom(seed + 1),
    ...form,
    hasSmallDisks: noSmallDisks === undefined,
    libfaketime: findLibfaketime(),
    plan,
    frames,
    frameEveryMs: 40,
    settleDeadlineMs: 120_000,
  });
  console.log(`seed ${seed}: ${JSON.stringify(figures)}`);
  return { seed, violations, figures };
}

describe('the pair', () => {
  it(
    'loses no frame and stores none twice in any sequence of faults',
    { timeout: timeLimitMs },
    async () => {
      const kinds = faultKindsHere();
      const { violations, figures } = await goThrough({
        frames: scaled(200),
        faults: scaled(2 * kinds.length),
        kinds,
        isReceiverMany: false,
        isSecure: false,
      });
      expect(violations).toEqual([]);
      expect(figures).toMatchObject({ waiting: 0 });
      expect(figures.declared).toBeGreaterThanOrEqual(scaled(200));
    },
  );

  it(
    'loses no frame over TLS, and never sends data in the clear',
    { timeout: timeLimitMs },
    async () => {
      const kinds = faultKindsHere();
      const { violations, figures } = await goThrough({
        frames: scaled(150),
        faults: scaled(kinds.length),
        kinds,
        isReceiverMany: false,
        isSecure: true,
      });
      expect(violations).toEqual([]);
      expect(figures).toMatchObject({ waiting: 0 });
      expect(figures.declared).toBeGreaterThanOrEqual(scaled(150));
      expect(figures.acknowledged).toBeGreaterThan(scaled(100));
    },
  );

  it(
    'counts each frame that is not stored, waiting or set aside',
    { timeout: timeLimitMs },
    async () => {
      const kinds: FaultKind[] = ['refuse-for-good', 'refuse-now', 'small-frames', 'kill-agent'];
      const { violations, figures } = await goThrough({
        frames: 120,
        faults: 12,
        kinds,
        isReceiverMany: false,
        isSecure: false,
        ...smallSpool,
      });
      expect(violations).toEqual([]);
      expect(figures).toMatchObject({ declared: 120, waiting: 0 });
      expect(figures.dropped).toBeGreaterThan(0);
    },
  );

  it(
    'loses no frame with a process for each connection',
    { timeout: timeLimitMs },
    async (test) => {
      const why = missingFaults().get('change-receiver');
      test.skip(why !== undefined, why);
      const kinds: FaultKind[] = ['kill-receiver', 'cut-reset', 'duplicate', 'stall', 'kill-agent'];
      const { violations, figures } = await goThrough({
        frames: 60,
        faults: 10,
        kinds,
        isReceiverMany: true,
        isSecure: false,
      });
      expect(violations).toEqual([]);
      expect(figures).toMatchObject({ declared: 60, waiting: 0 });
    },
  );
});

describe('a fault of the kind', () => {
  it.for<FaultKind>(faultKinds)('%s can be done here', (kind, test) => {
    const why = missingFaults().get(kind);
    test.skip(why !== undefined, why);
    expect(faultKindsHere()).toContain(kind);
  });
});

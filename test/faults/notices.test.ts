/** The fault suite with notices on: nothing is announced twice, and each open state is closed. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from '../support/programs.js';
import { diskDirectory } from '../support/temporary.js';
import { emptyFrames, leftFrames, visitedFrames } from '../support/visit.js';
import { findLibfaketime } from './capabilities.js';
import { noSmallDisks } from './disk.js';
import { runFaults } from './fault-run.js';
import { NoticeWitness, auditNotices } from './notice-witness.js';
import { type FaultKind, makePlan, seededRandom } from './plan.js';

const programs = { agent: `${root}dist/agent.js`, receiver: `${root}dist/receiver.js` };
/** Those that change when something arrives, and who says so. */
const kinds: readonly FaultKind[] = [
  ...(['kill-agent', 'restart-agent', 'kill-receiver', 'restart-receiver', 'cut-reset'] as const),
  ...(['half-open', 'duplicate', 'stall', 'refuse-now', 'delay'] as const),
];

// People come and go.
const pictures = [
  ...emptyFrames.slice(0, 8),
  ...visitedFrames.slice(0, 12),
  ...leftFrames.slice(0, 10),
];

describe('the pair, with an agent that detects', () => {
  it('gets a further frame while the agent holds a quiet one', async () => {
    const { violations, declared } = await runFaults({
      ...{ directory: diskDirectory(), programs, pictures, random: seededRandom(1) },
      ...{ isReceiverMany: false, isSecure: false, hasSmallDisks: false },
      ...{ libfaketime: undefined, plan: [], frames: 2 },
      ...{ frameEveryMs: 100, settleDeadlineMs: 60_000 },
    });
    expect(violations).toEqual([]);
    expect(declared).toBeGreaterThanOrEqual(2);
  });
});

describe('notices beside the pair', () => {
  it('are announced once, and ended, through faults and kills of all three', async () => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    const directory = diskDirectory();
    const witness = new NoticeWitness({
      ...{ directory: join(directory, 'notices'), receiver: programs.receiver },
      random: seededRandom(seed + 2),
    });
    const { violations, ...figures } = await runFaults({
      ...{ directory, programs, witness, pictures },
      random: seededRandom(seed + 1),
      ...{ isReceiverMany: false, isSecure: false, hasSmallDisks: noSmallDisks === undefined },
      libfaketime: findLibfaketime(),
      agentArgs: ['--event-gap', '1s', '--report-every', '10s'],
      ...{ plan: makePlan({ seed, faults: 14, frames: 100, kinds }), frames: 100 },
      ...{ frameEveryMs: 150, settleDeadlineMs: 120_000 },
    });
    const { taken, said, kills } = witness;
    const count = (notice: string) => taken.filter((told) => told.notice === notice).length;
    console.log(
      `seed ${seed}: ${JSON.stringify(figures)}, ${kills} kills of the notifier, ${count('event-end')} events, ` +
        `${count('late-end')} summaries, ${said.length} programs run`,
    );
    expect(violations).toEqual([]);
    expect(kills).toBeGreaterThan(2);
    expect(count('event-end')).toBeGreaterThan(0);
  }, 400_000);
});

describe('the audit of notices', () => {
  const told = (notice: string, id = 'yard/e1') => ({ notice, id });
  const [begin, end] = [told('event-begin'), told('event-end')];

  it('finds what was announced twice, late or left open', () => {
    const all = [begin, end];
    expect(auditNotices({ taken: all, said: all, kills: 0 })).toEqual([]);
    const found = (taken: typeof all, said = all, kills = 0) =>
      auditNotices({ taken, said, kills });
    expect(found([begin, begin, end])).toEqual(['1 pushes were sent again, after 0 kills']);
    expect(found([begin, begin, end], all, 1)).toEqual([]);
    expect(found([begin, end, begin], all, 1)).toEqual([
      'event-begin yard/e1 after its end',
      'the event yard/e1 was not ended',
    ]);
    expect(found([begin])).toEqual(['the event yard/e1 was not ended']);
    expect(found(all, [begin, begin, end])).toEqual([
      'a program ran twice for event-begin yard/e1',
    ]);
    expect(found(all, [begin])).toEqual([
      '1 events without a program for their end, after 0 kills',
    ]);
  });
});

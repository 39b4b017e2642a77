/**
 * Hostile sessions in their short form: with each kind of settings they run beside an honest camera, whose frames all
 * arrive. `npm run test:hostile -- --seed S` repeats a failure, with the seed that the test prints: the sessions are
 * the same, the exact times depend on the machine.
 */
import { describe, expect, it } from 'vitest';
import { root } from '../support/programs.js';
import { diskDirectory } from '../support/temporary.js';
import { runHostile } from './hostile-run.js';
import { planSession, planWorld, worldKinds } from './plan.js';

const programs = { agent: `${root}dist/agent.js`, receiver: `${root}dist/receiver.js` };

describe('an honest camera beside hostile sessions', () => {
  it.each(worldKinds)(
    'is served, and nothing is stored that may not be: %s',
    { timeout: 300_000 },
    async (kind) => {
      const seed = Math.floor(Math.random() * 2 ** 31);
      const { violations, lastSessions, ...figures } = await runHostile({
        ...{ seed, world: planWorld(seed, kind), directory: diskDirectory(), programs },
        ...{ minSessions: 70, frames: 12, progressDeadlineMs: 60_000 },
      });
      const again = `npm run test:hostile -- --seed ${seed} --seconds 1 --world '${kind}'`;
      console.log(`${again}: ${JSON.stringify(figures)}`);
      expect(violations, `${again}\n${JSON.stringify(lastSessions)}`).toEqual([]);
      expect(figures.frames).toBeGreaterThanOrEqual(12);
    },
  );
});

describe('a plan', () => {
  it('is the same for the same seed, and another for another', () => {
    const sessions = (seed: number) => {
      const world = planWorld(seed, 'open, pairs with commands');
      return Array.from({ length: 50 }, (_, index) => planSession(seed, index, world));
    };
    expect(sessions(7)).toEqual(sessions(7));
    expect(sessions(7)).not.toEqual(sessions(8));
  });

  it('has every opening, every step and every end in it', () => {
    const world = planWorld(1, 'closed');
    const sessions = Array.from({ length: 3000 }, (_, index) => planSession(1, index, world));
    const kinds = new Set(
      sessions.flatMap(({ opening, steps, end }) => [
        opening.kind === 'bytes' ? opening.what : opening.kind,
        ...[end, ...steps.map(({ kind }) => kind)],
      ]),
    );
    // Two openings of the framed protocol, nine kinds of other bytes, twenty-eight steps and four ends.
    expect(kinds.size).toBe(2 + 9 + 28 + 4);
  });
});

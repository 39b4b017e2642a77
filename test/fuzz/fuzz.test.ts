/**
 * Everything that reads what others wrote, on harmed inputs: it reads it or says why not, and nothing else
 * happens. `FUZZ_RUNS=100000 npx vitest run test/fuzz` for longer, `FUZZ_SEED` repeats a run;
 * `npm run test:fuzz -- NAME` tries one target.
 */
import { describe, expect, it } from 'vitest';
import { fuzz } from './fuzz-run.js';
import { targets } from './targets.js';

const asked = process.env.FUZZ_RUNS;
const seed = process.env.FUZZ_SEED === undefined ? undefined : Number(process.env.FUZZ_SEED);

describe('harmed input', () => {
  it.each(targets)(
    '$name',
    async (target) => {
      const runs = asked === undefined ? target.runs : Number(asked);
      console.log(`${target.name}: seed ${await fuzz(target, { runs, seed })}`);
    },
    3_600_000,
  );

  it('of which one breaks a rule is found, and told with what repeats it', async () => {
    const target = {
      ...{ name: 'broken', runs: 1000, corpus: [Buffer.from('{"a":1}')] },
      check: (bytes: Buffer) => {
        if (bytes.includes('polluted')) throw new TypeError('broken');
      },
    };
    await expect(fuzz(target, { runs: 1000, seed: 7 })).rejects.toThrow(
      /^broken broke on .*\nagain: npm run test:fuzz -- broken --seed 7 --runs 1000$/s,
    );
  });
});

/**
 * Harmed inputs for as long as one likes: `npm run test:fuzz -- NAME --runs N [--seed S]`, NAME `all` for each
 * target in turn. Prints the seed; ends with 1 when a rule was broken. With `--guided --seconds N` inputs are
 * chosen by what they reach (guided.ts).
 */
import { parseArgs } from 'node:util';
import { fuzz } from './fuzz-run.js';
import { fuzzGuided } from './guided.js';
import { targets } from './targets.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: 'string', default: '100000' },
    seed: { type: 'string' },
    guided: { type: 'boolean', default: false },
    seconds: { type: 'string', default: '120' },
  },
});
const [name = ''] = positionals;
const chosen = targets.filter((target) => name === 'all' || target.name === name);
const [runs, seconds] = [Number(values.runs), Number(values.seconds)];
const seed = values.seed === undefined ? undefined : Number(values.seed);
if (chosen.length === 0 || ![runs, seconds, seed ?? 0].every(Number.isSafeInteger)) {
  console.error(
    'npm run test:fuzz -- NAME [--runs N] [--seed S] | NAME --guided [--seconds N], with NAME all or one of: ' +
      targets.map((target) => target.name).join(' '),
  );
  process.exit(2);
}

for (const target of chosen) {
  try {
    if (values.guided) {
      const { inputs, kept, ways } = await fuzzGuided(
        target,
        seconds,
        seed ?? Date.now() % 2 ** 31,
      );
      console.log(
        `${target.name}: ${inputs} inputs took ${ways} ways through the code; ${kept} were kept`,
      );
    } else {
      const used = await fuzz(target, { runs, seed });
      console.log(`${target.name}: ${runs} inputs, seed ${used}`);
    }
  } catch (error) {
    console.error(error);
    process.exitCode = 1;
  }
}

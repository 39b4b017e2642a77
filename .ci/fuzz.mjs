// npm run test:fuzz -- NAME …: runs a fuzz target with mutated inputs; see test/fuzz/run.ts.
import { runTypeScript } from './typescript.mjs';

await runTypeScript('test/fuzz/run.ts', process.argv.slice(2));

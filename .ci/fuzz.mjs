// npm run test:fuzz -- NAME …: harmed inputs for as long as one likes; see test/fuzz/run.ts.
import { runTypeScript } from './typescript.mjs';

await runTypeScript('test/fuzz/run.ts', process.argv.slice(2));

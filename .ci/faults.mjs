// npm run test:faults -- --rounds N --seed S: runs N rounds of the fault suite.
import { runTypeScript } from './typescript.mjs';

await runTypeScript('test/faults/run.ts', process.argv.slice(2));

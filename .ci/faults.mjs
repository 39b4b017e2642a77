// npm run test:faults -- --rounds N --seed S: the fault suite for as long as one likes.
import { runTypeScript } from './typescript.mjs';

await runTypeScript('test/faults/run.ts', process.argv.slice(2));

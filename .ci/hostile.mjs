// npm run test:hostile -- --seconds N --seed S: runs hostile sessions for N seconds.
import { runTypeScript } from './typescript.mjs';

await runTypeScript('test/hostile/run.ts', process.argv.slice(2));

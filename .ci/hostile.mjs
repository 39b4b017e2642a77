// npm run test:hostile -- --seconds N --seed S: hostile sessions for as long as one likes.
import { runTypeScript } from './typescript.mjs';

await runTypeScript('test/hostile/run.ts', process.argv.slice(2));

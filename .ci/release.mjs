// npm run release -- VERSION: checks, tests and builds a release. Uploads nothing.
import { runTypeScript } from './typescript.mjs';

await runTypeScript('packaging/run-release.ts', process.argv.slice(2));

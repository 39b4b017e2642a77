// npm run package: builds, then packs the programs. Needs dpkg-deb (Debian: dpkg).
import { runTypeScript } from './typescript.mjs';

await runTypeScript('packaging/package.ts', process.argv.slice(2));

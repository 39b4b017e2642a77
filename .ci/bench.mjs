// npm run bench -- NAME [ARGUMENT …]: runs test/bench/NAME.ts, which prints figures of one run.
import { existsSync, readdirSync } from 'node:fs';
import { runTypeScript } from './typescript.mjs';

const [name = '', ...args] = process.argv.slice(2);
const source = `test/bench/${name}.ts`;
if (/^[a-z-]+$/.test(name) && existsSync(source)) await runTypeScript(source, args);
else {
  const names = readdirSync('test/bench').flatMap((file) => /^(.*)\.ts$/.exec(file)?.[1] ?? []);
  console.error(`npm run bench -- NAME, with NAME one of: ${names.join(' ')}`);
  process.exitCode = 2;
}

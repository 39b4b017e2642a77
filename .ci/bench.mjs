// npm run bench -- NAME [ARGUMENT …]: runs test/bench/NAME.ts, which prints figures measured in one run.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { prepare } from './prepare.mjs';

const [name = '', ...args] = process.argv.slice(2);
const source = `test/bench/${name}.ts`;
if (!/^[a-z-]+$/.test(name) || !existsSync(source)) {
  const names = readdirSync('test/bench').flatMap((file) => /^(.*)\.ts$/.exec(file)?.[1] ?? []);
  console.error(`npm run bench -- NAME, with NAME one of: ${names.join(' ')}`);
  process.exit(2);
}
prepare();
const { build } = await import('esbuild');
const outfile = `node_modules/.cache/bench/${name}.mjs`;
mkdirSync('node_modules/.cache/bench', { recursive: true });
await build({
  entryPoints: [source],
  outfile,
  bundle: true,
  packages: 'external',
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
});
process.exitCode =
  spawnSync(process.execPath, [outfile, ...args], { stdio: 'inherit' }).status ?? 1;

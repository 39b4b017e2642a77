// Runs a TypeScript program of the tests: installs and builds what is missing, bundles it, starts it.
import { spawnSync } from 'node:child_process';
import { basename } from 'node:path';
import { prepare } from './prepare.mjs';

/** Ends with the program's own exit code. */
export async function runTypeScript(source, args) {
  prepare();
  const { build } = await import('esbuild');
  const outfile = `node_modules/.cache/picchanged/${basename(source, '.ts')}.mjs`;
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
}

// Runs a TypeScript program of the tests: installs missing packages, builds, bundles the program, starts it.
import { spawnSync } from 'node:child_process';
import { basename } from 'node:path';
import { prepare } from './prepare.mjs';

/** Sets the program's exit code as that of this process. */
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

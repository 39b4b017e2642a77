// Runs TypeScript programs of the tests: bundles them, and starts them with this Node.
import { spawnSync } from 'node:child_process';
import { basename } from 'node:path';
import { prepare } from './prepare.mjs';

/** Installs missing packages, builds, runs the program; its exit code becomes that of this process. */
export async function runTypeScript(source, args) {
  prepare();
  const program = await bundle(source);
  process.exitCode =
    spawnSync(process.execPath, [program, ...args], { stdio: 'inherit' }).status ?? 1;
}

/** @returns the path of the program in one file */
export async function bundle(source) {
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
  return outfile;
}

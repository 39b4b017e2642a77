// Bundles each program into dist/, so that a start reads one file instead of a hundred: a one-shot timer
// pays for each start. Rarely used modules are separate chunks.
import { readFileSync, readdirSync } from 'node:fs';
import { chmod, rm, writeFile } from 'node:fs/promises';
import { build } from 'esbuild';

await rm('dist', { recursive: true, force: true });
const { metafile } = await build({
  entryPoints: {
    agent: 'agent/main.ts',
    receiver: 'receiver/main.ts',
    'web-worker': 'receiver/web/worker.ts',
  },
  outdir: 'dist',
  bundle: true,
  splitting: true,
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
  legalComments: 'none', // LICENSES.txt has them whole
  metafile: true,
  // CommonJS packages load Node's modules with require.
  banner: {
    js: "import{createRequire as makeRequire}from'node:module';const require=makeRequire(import.meta.url);",
  },
  logLevel: 'warning',
});
await Promise.all(['dist/agent.js', 'dist/receiver.js'].map((file) => chmod(file, 0o755)));

/** The licences of the packages that are in the bundle. */
function licences(inputs) {
  const packages = new Set(inputs.flatMap((path) => /^node_modules\/[^/]+/.exec(path) ?? []));
  return [...packages].sort().map((path) => {
    const { name, version, license } = JSON.parse(readFileSync(`${path}/package.json`, 'utf8'));
    const file = readdirSync(path).find((entry) => /^licen[cs]e/i.test(entry));
    const text = file === undefined ? '' : readFileSync(`${path}/${file}`, 'utf8');
    return `${name} ${version} (${license})\n\n${text}`;
  });
}
await writeFile('dist/LICENSES.txt', licences(Object.keys(metafile.inputs)).join('\n----\n\n'));

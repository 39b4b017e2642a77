// Bundles each program into dist/, so that a start reads one file instead of a hundred: a one-shot timer
// pays for each start. Rarely used modules are separate chunks.
import { readFileSync, readdirSync } from 'node:fs';
import { chmod, rm, writeFile } from 'node:fs/promises';
import { build } from 'esbuild';
import { buildPage } from './build-page.mjs';
import { buildReplayPage } from './build-replay-page.mjs';

await rm('dist', { recursive: true, force: true });
const { metafile } = await build({
  entryPoints: {
    'agent-main': 'agent/main.ts',
    'receiver-main': 'receiver/main.ts',
    'verify-worker': 'receiver/archive/verify/verify-worker.ts',
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
  // Of `debug`, in mqtt: optional, and of no use without a terminal. A program loads no package that is not bundled.
  alias: { 'supports-color': 'node:tty' },
  // CommonJS packages load Node's modules with require.
  banner: {
    js: "import{createRequire as makeRequire}from'node:module';const require=makeRequire(import.meta.url);",
  },
  logLevel: 'warning',
});
const pageInputs = [...(await buildPage()), ...(await buildReplayPage())];

/** The program that people start: an older Node cannot load the other files, and has to say so. */
const launcher = (name) => `#!/usr/bin/env node
var node = process.versions.node.split('.').map(Number);
if (node[0] > 20 || (node[0] === 20 && node[1] >= 19)) import('./${name}-main.js');
else {
  console.error('${name}: this is Node ' + process.versions.node + '; 20.19 or newer is needed: see https://nodejs.org/en/download');
  process.exitCode = 1;
}
`;
for (const name of ['agent', 'receiver']) {
  await writeFile(`dist/${name}.js`, launcher(name));
  await chmod(`dist/${name}.js`, 0o755);
}

/** The licences of the packages that are in the bundle. */
function licences(inputs) {
  const packages = new Set(
    inputs.flatMap((path) => /^node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path) ?? []),
  );
  return [...packages].sort().map((path) => {
    const { name, version, license } = JSON.parse(readFileSync(`${path}/package.json`, 'utf8'));
    const file = readdirSync(path).find((entry) => /^licen[cs]e/i.test(entry));
    const text = file === undefined ? '' : readFileSync(`${path}/${file}`, 'utf8');
    return `${name} ${version} (${license})\n\n${text}`;
  });
}
await writeFile(
  'dist/LICENSES.txt',
  licences([...Object.keys(metafile.inputs), ...pageInputs]).join('\n----\n\n'),
);

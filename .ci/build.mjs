// Bundles each program into dist/, so that a start reads one file instead of a hundred: a one-shot timer
// pays for the start each time. What is needed only now and then is a chunk of its own.
import { chmod, rm } from 'node:fs/promises';
import { build } from 'esbuild';

await rm('dist', { recursive: true, force: true });
await build({
  entryPoints: { agent: 'agent/main.ts', receiver: 'receiver/main.ts' },
  outdir: 'dist',
  bundle: true,
  splitting: true,
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
  legalComments: 'linked',
  // Packages in CommonJS ask for Node's modules by require.
  banner: {
    js: "import{createRequire as makeRequire}from'node:module';const require=makeRequire(import.meta.url);",
  },
  logLevel: 'warning',
});
await Promise.all(['dist/agent.js', 'dist/receiver.js'].map((file) => chmod(file, 0o755)));

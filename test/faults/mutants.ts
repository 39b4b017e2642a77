/**
 * Programs broken on purpose, to test that the suite detects it: the real build with one snippet of one source
 * replaced. A missing snippet is an error: the mutant would silently equal the original.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Plugin, build } from 'esbuild';
import { root } from '../support/programs.js';
import type { Programs } from './stage.js';

export interface Mutation {
  readonly name: string;
  /** From the root of the repository. */
  readonly path: string;
  /** Found exactly once. */
  readonly snippet: string;
  readonly replacement: string;
}

/** Builds both programs, mutated or as they are. @throws when the snippet is not there exactly once */
export async function buildPrograms(directory: string, mutation?: Mutation): Promise<Programs> {
  const applied: string[] = [];
  const plugin: Plugin = {
    name: 'mutation',
    setup: (esbuild) => {
      esbuild.onLoad({ filter: /\.ts$/ }, ({ path }) => {
        if (mutation === undefined || path !== join(root, mutation.path)) return undefined;
        applied.push(path);
        return { contents: mutate(readFileSync(path, 'utf8'), mutation), loader: 'ts' };
      });
    },
  };
  await build({
    absWorkingDir: root,
    entryPoints: { agent: 'agent/main.ts', receiver: 'receiver/main.ts' },
    outdir: directory,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    banner: {
      js: "import{createRequire as makeRequire}from'node:module';const require=makeRequire(import.meta.url);",
    },
    logLevel: 'silent',
    plugins: [plugin],
  });
  if (mutation !== undefined && applied.length === 0) {
    throw new Error(`mutation '${mutation.name}': ${mutation.path} is not part of the programs`);
  }
  return { agent: join(directory, 'agent.mjs'), receiver: join(directory, 'receiver.mjs') };
}

/** @throws when the snippet is not there exactly once */
export function mutate(source: string, { name, path, snippet, replacement }: Mutation): string {
  const found = source.split(snippet).length - 1;
  if (found === 1) return source.replace(snippet, () => replacement);
  throw new Error(
    `mutation '${name}': ${path} has its snippet ${found} times, not once; adapt it: ${snippet}`,
  );
}

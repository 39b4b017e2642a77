/** picchanged 0.1.0 as released: the unpacked package of that version. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { root } from './programs.js';

export interface Programs {
  /** Paths of the two entry points, for `node`. */
  readonly agent: string;
  readonly receiver: string;
}

export const programsOfToday: Programs = {
  agent: `${root}dist/agent.js`,
  receiver: `${root}dist/receiver.js`,
};

/** Unpacks 0.1.0 for the tests of one file. Call it at the top of the file. */
export function unpackVersion01(): Programs {
  const directory = mkdtempSync(join(tmpdir(), 'picchanged-0.1.0-'));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));
  execFileSync('tar', ['-xzf', `${root}test/fixtures/picchanged-0.1.0.tgz`, '-C', directory]);
  const dist = join(directory, 'package', 'dist');
  return { agent: join(dist, 'agent.js'), receiver: join(dist, 'receiver.js') };
}

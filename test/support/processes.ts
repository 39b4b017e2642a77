/** Paths of fixture programs, and checks whether a process runs. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { eventually } from './eventually.js';

/** The path of one of test/fixtures/programs. */
export function fixtureProgram(name: string): string {
  return fileURLToPath(new URL(`../fixtures/programs/${name}`, import.meta.url));
}

/** Waits for the process ids that a fixture writes to a file. */
export function writtenPids(path: string, count: number): Promise<number[]> {
  return eventually(() => {
    const pids = readIfThere(path)?.trim().split(/\s+/).map(Number) ?? [];
    return pids.length >= count && pids;
  }, `${count} process ids in ${path}`);
}

/** False also for a zombie. */
export function isRunning(pid: number): boolean {
  const state = /^State:\s+(\w)/m.exec(readIfThere(`/proc/${pid}/status`) ?? '')?.[1];
  return state !== undefined && state !== 'Z' && state !== 'X';
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined; // Not there, or gone while it was read.
  }
}

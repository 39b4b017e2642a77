/** Makes system calls of a running program fail for a while: strace is attached with an injection, and detached. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { missing } from '../support/programs.js';
import type { ErrnoPlan } from './errno-plan.js';
import type { Side } from './power-cut.js';

let whyNot: { readonly reason: string | undefined } | undefined;

/** Why calls cannot be made to fail here; undefined when they can. Tried once. */
export function whyNoInjection(): string | undefined {
  whyNot ??= { reason: tryInjection() };
  return whyNot.reason;
}

function tryInjection(): string | undefined {
  const noStrace = missing('strace', 'strace');
  if (noStrace !== undefined) return noStrace;
  // Attaching to a process that is no child of its own is what a machine may refuse.
  const attach = 'sleep 0.3 & exec strace -qq -o /dev/null -p $!';
  const { status, stderr } = spawnSync('sh', ['-c', attach], { encoding: 'utf8' });
  return status === 0 ? undefined : `strace cannot attach to a process: ${stderr.trim()}`;
}

export interface Injection {
  readonly pid: number;
  readonly plan: ErrnoPlan;
  /** Files that `plan.isNamed` means. */
  readonly paths: readonly string[];
  readonly lastsMs: number;
  /** Each call that failed is kept here. */
  readonly logPath: string;
}

/** Resolves when the calls work again. @throws when strace cannot attach to a process that is there */
export async function failCalls(injection: Injection): Promise<void> {
  const { pid, plan, paths, lastsMs, logPath } = injection;
  const { calls, error, when, isNamed } = plan;
  const set = calls.join(',');
  const strace = spawn(
    'strace',
    [
      // Calls that fail, with the files that descriptors stand for.
      ...['-f', '-y', '-Z', '-o', logPath, '-p', String(pid)],
      ...['-e', `trace=${set}`, '-e', `inject=${set}:error=${error}:when=${when}`],
      ...(isNamed ? paths.flatMap((path) => ['-P', path]) : []),
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let said = '';
  const closed = once(strace, 'close');
  const attached = new Promise<void>((resolve) => {
    strace.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (said.includes('attached')) resolve();
    });
  });
  await Promise.race([attached, closed]);
  if (!said.includes('attached') && isThere(pid))
    throw new Error(`strace does not attach: ${said}`);
  await delay(lastsMs);
  strace.kill('SIGINT');
  await closed;
}

/** Entries of the spool that are looked at: those of the next frames too. */
const namedEntries = 200;
const newestFiles = 200;

/** Files of a side whose names are known before they are made, and those that are there. */
export function namedFiles(side: Side, disk: string): string[] {
  const folders = readdirSync(disk, { recursive: true, withFileTypes: true });
  const files = folders
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.part'))
    .map((entry) => join(entry.parentPath, entry.name));
  if (side === 'receiver') return files.slice(-newestFiles);
  const spools = folders.filter((entry) => entry.isDirectory() && /_\d+$/.test(entry.name));
  return spools.flatMap(({ parentPath, name }) => {
    const folder = join(parentPath, name);
    const numbers = readdirSync(folder).map((entry) => Number.parseInt(entry, 10) || 0);
    // The newest has a tombstone at least.
    const newest = Math.max(0, ...numbers);
    return Array.from({ length: namedEntries }, (_, index) => {
      const sequence = Math.max(1, newest - namedEntries / 2) + index;
      return join(folder, `${String(sequence).padStart(12, '0')}.jpg`);
    });
  });
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** What other processes cost: CPU time and the most memory, as Linux tells it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readdirSync } from 'node:fs';

/** proc(5): clock ticks a second, the same on every Linux that Node runs on. */
const ticksPerSecond = 100;
/** Often enough to see the memory of a process that lives for a tenth of a second. */
const lookMs = 5;

export interface Cost {
  /** User and system. */
  readonly cpuMs: number;
  readonly peakMiB: number;
}

/**
 * Runs a program to its end.
 * @throws {Error} it failed
 */
export async function costOf(
  command: string,
  args: readonly string[],
  mayFail = false,
): Promise<Cost & { readonly stdout: string }> {
  const beforeMs = childrenCpuMs();
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  let peak = 0;
  const looking = setInterval(() => (peak = Math.max(peak, peakMiB(child))), lookMs);
  const [code] = (await once(child, 'close')) as [number | null];
  clearInterval(looking);
  if (code !== 0 && !mayFail) {
    throw new Error(`${command} ${args.join(' ')} ended with ${code}: ${stderr.slice(-1000)}`);
  }
  return { cpuMs: childrenCpuMs() - beforeMs, peakMiB: peak, stdout };
}

/** CPU time of all children that have ended, milliseconds, in steps of a tick. */
function childrenCpuMs(): number {
  const fields = readFileSync('/proc/self/stat', 'utf8').split(') ')[1]?.split(' ') ?? [];
  return ((Number(fields[13]) + Number(fields[14])) * 1000) / ticksPerSecond;
}

/** CPU time of all threads of a process that runs, milliseconds; of threads that have ended it is not told. */
export function cpuMsSoFar({ pid }: ChildProcess): number {
  const folder = `/proc/${pid ?? 0}/task`;
  const nanoseconds = readdirSync(folder).map((thread) => {
    try {
      return Number(readFileSync(`${folder}/${thread}/schedstat`, 'utf8').split(' ')[0]);
    } catch {
      return 0; // it ended in between
    }
  });
  return nanoseconds.reduce((sum, each) => sum + each, 0) / 1e6;
}

/** The most memory that a process had; 0 when it has ended. */
export function peakMiB({ pid }: ChildProcess): number {
  try {
    const status = readFileSync(`/proc/${pid ?? 0}/status`, 'utf8');
    return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) / 1024;
  } catch {
    return 0; // it has ended
  }
}

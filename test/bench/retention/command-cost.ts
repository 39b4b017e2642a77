/** What a run of a receiver's command costs: time, processor time and peak memory of its process. */
import { spawnSync } from 'node:child_process';

export interface CommandCost {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakMb: number;
  readonly stdout: string;
}

/** Runs in the process of the command: VmHWM, unlike what getrusage(2) returns, begins at the start of the program. */
const hook = `
  import { readFileSync, writeSync } from 'node:fs';
  process.on('exit', () => {
    const { user, system } = process.cpuUsage();
    const peakKb = Number(/VmHWM:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);
    writeSync(3, JSON.stringify({ cpuSeconds: (user + system) / 1e6, peakMb: peakKb / 1024 }));
  });`;

/** @param codes exit codes that are expected @throws it ended with another one */
export function commandCost(args: readonly string[], codes: readonly number[] = [0]): CommandCost {
  const startedAtMs = performance.now();
  const { status, output } = spawnSync(
    process.execPath,
    ['--import', `data:text/javascript,${encodeURIComponent(hook)}`, 'dist/receiver.js', ...args],
    { stdio: ['ignore', 'pipe', 'pipe', 'pipe'], encoding: 'utf8', maxBuffer: 2 ** 28 },
  );
  const [, stdout, stderr, cost] = output;
  if (!codes.includes(status ?? -1)) {
    throw new Error(
      `receiver ${args.join(' ')} ended with ${status}: ${stderr ?? ''} ${stdout ?? ''}`,
    );
  }
  const { cpuSeconds, peakMb } = JSON.parse(cost ?? '') as Pick<
    CommandCost,
    'cpuSeconds' | 'peakMb'
  >;
  return {
    seconds: (performance.now() - startedAtMs) / 1000,
    cpuSeconds,
    peakMb,
    stdout: stdout ?? '',
  };
}

/**
 * What a start costs, since a one-shot timer pays for it each time: CPU and wall time of whole processes,
 * beside a bare Node. `npm run bench -- start`
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeJpeg } from '../support/pictures.js';

const runs = 20;
/** proc(5): clock ticks a second, the same on every Linux that Node runs on. */
const ticksPerSecond = 100;

/** CPU time of all children that have ended, milliseconds, in steps of a tick. */
function childrenCpuMs(): number {
  const fields = readFileSync('/proc/self/stat', 'utf8').split(') ')[1]?.split(' ') ?? [];
  const [userTicks, systemTicks] = [fields[13], fields[14]].map(Number);
  return (((userTicks ?? 0) + (systemTicks ?? 0)) * 1000) / ticksPerSecond;
}

function measure(args: readonly string[]) {
  const cpuBefore = childrenCpuMs();
  const wallBefore = performance.now();
  for (let run = 0; run < runs; run += 1) {
    const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', env });
    if (status !== 0) throw new Error(`node ${args.join(' ')} ended with ${status}: ${stderr}`);
  }
  return {
    cpuMs: (childrenCpuMs() - cpuBefore) / runs,
    wallMs: (performance.now() - wallBefore) / runs,
  };
}

const directory = mkdtempSync(join(tmpdir(), 'picchanged-bench-'));
/** What a one-shot run holds for the next goes with the rest. */
const env = { ...process.env, XDG_RUNTIME_DIR: directory };
try {
  const picture = join(directory, 'a.jpg');
  writeFileSync(picture, makeJpeg(1, { widthPx: 640, heightPx: 480 }));
  const state = join(directory, 'state');
  const receiver = spawn(
    process.execPath,
    ['dist/receiver.js', '--dir', join(directory, 'c'), '--listen', '127.0.0.1:0', '--json'],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const [line] = (await once(receiver.stdout, 'data')) as [Buffer];
  const [address = ''] = (JSON.parse(line.toString()) as { addresses: string[] }).addresses;
  const quiet = ['--host', address, '--once', '--state', state, '--source', `file:${picture}`];
  const cases: [string, string[]][] = [
    ['node -e 0', ['-e', '0']],
    ['receiver --version', ['dist/receiver.js', '--version']],
    ['agent --version', ['dist/agent.js', '--version']],
    ['agent --once, a quiet 640x480 file', ['dist/agent.js', ...quiet]],
  ];
  // The first frame is always sent; those that follow are quiet.
  spawnSync(process.execPath, ['dist/agent.js', ...quiet], { env });
  receiver.kill();
  let bareCpuMs: number | undefined;
  for (const [name, args] of cases) {
    const { cpuMs, wallMs } = measure(args);
    bareCpuMs ??= cpuMs;
    const ratio = (cpuMs / bareCpuMs).toFixed(2);
    console.log(
      `${name.padEnd(40)} cpu ${cpuMs.toFixed(1)} ms  wall ${wallMs.toFixed(1)} ms  cpu ÷ bare ${ratio}`,
    );
  }
} finally {
  rmSync(directory, { recursive: true });
}

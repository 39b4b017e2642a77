/**
 * How fast `receiver verify` reads, beside `sha256sum` over the same files, in one run: signed frames of three sizes,
 * and unsigned ones. The files were just written, and are in memory. `npm run bench -- verify [MEGABYTES]`
 */
import { spawnSync } from 'node:child_process';
import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clockedPath } from '../../shared/protocol/frame-path.js';
import { frameStatement, signStatement } from '../../shared/protocol/statement.js';

const megabytes = Number(process.argv[2] ?? 600);
/** A store of small frames has fewer bytes: its cost is that of their number. */
const maxFrames = 40_000;
const stores = [
  { frameBytes: 100_000, isSigned: true },
  { frameBytes: 100_000, isSigned: false },
  { frameBytes: 20_000, isSigned: true },
  { frameBytes: 2000, isSigned: true },
];
const runsOfEach = 5;
const startMs = Date.UTC(2026, 10, 22);

const directory = mkdtempSync(join(tmpdir(), 'picchanged-bench-'));
const { privateKey, publicKey } = generateKeyPairSync('ed25519');

/** @returns the paths of its frames */
function makeStore(captures: string, frames: number, { frameBytes, isSigned }: (typeof stores)[0]) {
  const folder = join(captures, 'yard/2026_11_22');
  mkdirSync(folder, { recursive: true });
  const lines: string[] = [];
  const paths: string[] = [];
  const jpeg = randomBytes(frameBytes);
  for (let sequence = 1; sequence <= frames; sequence += 1) {
    jpeg.writeUInt32LE(sequence);
    const moment = { capturedAtMs: startMs + sequence * 100, utcOffsetMinutes: 0 };
    const sha256 = createHash('sha256').update(jpeg).digest('hex');
    const id = { camera: 'yard', epoch: 'ab'.repeat(16), sequence };
    const statement = frameStatement(
      id,
      { ...moment, sha256, verdict: undefined },
      frameBytes,
      undefined,
    );
    const sig = isSigned ? signStatement(statement, privateKey).signature : undefined;
    lines.push(`${statement.slice(0, -1)},${JSON.stringify({ sig, delay: 100 }).slice(1)}\n`);
    const path = join(folder, `${clockedPath('', moment).stem}.jpg`);
    writeFileSync(path, jpeg);
    paths.push(path);
  }
  writeFileSync(join(folder, 'record.jsonl'), lines.join(''));
  return paths;
}

interface Cost {
  readonly wallS: number;
  /** Of the processor, all threads and child processes. */
  readonly cpuS: number;
}

function costOf(program: string, args: readonly string[], input = ''): Cost {
  const startedAtMs = performance.now();
  const script = '"$@" > /dev/null && times';
  const { status, stdout, stderr } = spawnSync('sh', ['-c', script, 'sh', program, ...args], {
    input,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${program} ended with ${status}: ${stderr}`);
  const wallS = (performance.now() - startedAtMs) / 1000;
  // User and system time of the shell, then those of what it ran.
  const times = [...stdout.matchAll(/(\d+)m([\d.]+)s/g)].slice(2);
  const cpuS = times.reduce((sum, [, m, s]) => sum + 60 * Number(m) + Number(s), 0);
  return { wallS, cpuS };
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[values.length >> 1] ?? NaN;
}

try {
  const key = join(directory, 'yard.pem');
  writeFileSync(key, publicKey.export({ type: 'spki', format: 'pem' }));
  console.log(
    '                          sha256sum     verify  ratio  CPU ms a frame        (ratio of each run)',
  );
  for (const [at, made] of stores.entries()) {
    const { frameBytes, isSigned } = made;
    const frames = Math.min(maxFrames, Math.ceil((megabytes * 1e6) / frameBytes));
    const captures = join(directory, String(at));
    const paths = makeStore(captures, frames, made);
    const args = ['dist/receiver.js', 'verify', '--dir', captures, '--key', `yard=${key}`];
    // In turns: other work on the machine slows both.
    const runs = Array.from({ length: runsOfEach }, () => ({
      sums: costOf('xargs', ['-0', 'sha256sum'], paths.join('\0')),
      verify: costOf(process.execPath, args),
    }));
    const ratios = runs.map(({ sums, verify }) => sums.wallS / verify.wallS);
    const of = (name: 'sums' | 'verify', unit: keyof Cost): number =>
      median(runs.map((run) => run[name][unit]));
    const speed = (name: 'sums' | 'verify'): string =>
      `${Math.round((frames * frameBytes) / 1e6 / of(name, 'wallS'))} MB/s`;
    const cpuMs = (name: 'sums' | 'verify'): string =>
      ((1000 * of(name, 'cpuS')) / frames).toFixed(3);
    console.log(
      `${frames} of ${frameBytes / 1000} kB${isSigned ? ', signed' : ''}`.padEnd(24),
      ...[speed('sums'), speed('verify')].map((text) => text.padStart(10)),
      median(ratios).toFixed(2).padStart(6),
      ...[cpuMs('sums'), cpuMs('verify')].map((text) => text.padStart(10)),
      `  (${ratios.map((ratio) => ratio.toFixed(2)).join(' ')})`,
    );
    rmSync(captures, { recursive: true });
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}

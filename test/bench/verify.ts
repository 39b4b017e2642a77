/**
 * How fast `receiver verify` reads, beside `sha256sum` over the same files, in one run: frames of 60 kB, signed or not.
 * `npm run bench -- verify [MEGABYTES]`
 */
import { spawnSync } from 'node:child_process';
import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clockedPath } from '../../shared/protocol/frame-path.js';
import { frameStatement, signStatement } from '../../shared/protocol/statement.js';

const frameBytes = 60_000;
const megabytes = Number(process.argv[2] ?? 300);
const frames = Math.ceil((megabytes * 1e6) / frameBytes);
const startMs = Date.UTC(2026, 10, 22);

const directory = mkdtempSync(join(tmpdir(), 'picchanged-bench-'));
const { privateKey, publicKey } = generateKeyPairSync('ed25519');

/** @returns the paths of its frames */
function makeStore(captures: string, isSigned: boolean): string[] {
  const folder = join(captures, 'yard/2026_11_22');
  mkdirSync(folder, { recursive: true });
  const lines: string[] = [];
  const paths: string[] = [];
  for (let sequence = 1; sequence <= frames; sequence += 1) {
    const jpeg = randomBytes(frameBytes);
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

function secondsOf(program: string, args: readonly string[], input = ''): number {
  const startedAtMs = performance.now();
  const { status, stderr } = spawnSync(program, args, {
    input,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  if (status !== 0) throw new Error(`${program} ended with ${status}: ${stderr}`);
  return (performance.now() - startedAtMs) / 1000;
}

try {
  const key = join(directory, 'yard.pem');
  writeFileSync(key, publicKey.export({ type: 'spki', format: 'pem' }));
  for (const isSigned of [false, true]) {
    const captures = join(directory, isSigned ? 'signed' : 'unsigned');
    const paths = makeStore(captures, isSigned);
    const args = ['dist/receiver.js', 'verify', '--dir', captures, '--key', `yard=${key}`];
    const runs = Array.from({ length: 3 }, () => ({
      sums: secondsOf('xargs', ['-0', 'sha256sum'], paths.join('\0')),
      verify: secondsOf(process.execPath, args),
    }));
    const best = (name: 'sums' | 'verify'): number => Math.min(...runs.map((run) => run[name]));
    const speed = (seconds: number): string =>
      `${Math.round((frames * frameBytes) / 1e6 / seconds)} MB/s`;
    console.log(
      `${frames} ${isSigned ? 'signed' : 'unsigned'} frames: sha256sum ${speed(best('sums'))}, ` +
        `verify ${speed(best('verify'))}, ratio ${(best('sums') / best('verify')).toFixed(2)}`,
    );
    rmSync(captures, { recursive: true });
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}

/**
 * What a film strip of 60 frames costs at three sizes, beside 60 full decodes by jpeg-js: milliseconds and peak memory,
 * each in a process of its own, reading the files included. The first strip is that of a cold process.
 * `npm run bench -- strips [--rounds N]`
 */
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { costOf } from './judge/process-cost.js';
import { makeFrames, meanKilobytes, sizes } from './judge/test-frames.js';
import { median } from './quality/score.js';
import { makeStrip } from '../../receiver/web/strips/make-strip.js';

const visit = 'test/fixtures/visit';
const frameCount = 60;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '3' },
    // What this program starts of itself.
    inner: { type: 'string' },
  },
});

interface Measured {
  readonly firstMs: number;
  readonly laterMs: number;
  /** Of the process. */
  readonly peakMiB: number;
  readonly note: string;
}

/** Makes a strip, or decodes each frame. @returns what came out */
async function runOnce(kind: string, paths: readonly string[]): Promise<string> {
  if (kind === 'strip') {
    const { signal } = new AbortController();
    const strip = await makeStrip({ tiles: paths, readFrame: (path) => readFile(path), signal });
    if (strip.present.length !== paths.length) throw new Error(JSON.stringify(strip.failures));
    const kilobytes = (strip.jpeg.length / 1000).toFixed(0);
    return `${paths.length} tiles of ${strip.tileWidth}x${strip.tileHeight}, ${kilobytes} kB`;
  }
  // Not in the process of a strip, whose memory is measured.
  const { default: jpegJs } = await import('jpeg-js');
  let pixels = 0;
  for (const path of paths) {
    const { width, height } = jpegJs.decode(readFileSync(path), { useTArray: true });
    pixels += width * height;
  }
  return `${(pixels / 1e6).toFixed(0)} megapixels`;
}

async function measureHere(kind: string, paths: readonly string[]): Promise<void> {
  const times: number[] = [];
  let note = '';
  for (let run = 0; run < 3; run += 1) {
    const fromMs = performance.now();
    note = await runOnce(kind, paths);
    times.push(performance.now() - fromMs);
  }
  const peakMiB = process.resourceUsage().maxRSS / 1024;
  const [firstMs = Number.NaN, ...later] = times;
  const measured: Measured = { firstMs, laterMs: median(later) ?? Number.NaN, peakMiB, note };
  console.log(JSON.stringify(measured));
}

async function measureApart(kind: string, paths: readonly string[]): Promise<Measured> {
  const args = [process.argv[1] ?? '', '--inner', kind, ...paths];
  return JSON.parse((await costOf(process.execPath, args)).stdout) as Measured;
}

async function compare(): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'picchanged-bench-'));
  const sources = readdirSync(visit)
    .filter((name) => name.endsWith('.jpg'))
    .sort()
    .map((name) => join(visit, name));
  try {
    for (const size of sizes) {
      const frames = await makeFrames(sources, frameCount, size, join(directory, size.name));
      const strips: Measured[] = [];
      const decodes: Measured[] = [];
      for (let round = 0; round < Number(values.rounds); round += 1) {
        strips.push(await measureApart('strip', frames));
        decodes.push(await measureApart('decode', frames));
      }
      console.log(`${size.name}, ${frameCount} frames of ${meanKilobytes(frames).toFixed(0)} kB`);
      print('a film strip', strips);
      print('full decodes', decodes);
      const ratios = strips.map(({ laterMs }, round) => decodes[round]!.laterMs / laterMs);
      console.log(`  full decodes take x${(median(ratios) ?? Number.NaN).toFixed(1)}`);
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function print(name: string, runs: readonly Measured[]): void {
  const ms = (key: 'firstMs' | 'laterMs') => median(runs.map((run) => run[key]))?.toFixed(0) ?? '';
  const peak = Math.max(...runs.map(({ peakMiB }) => peakMiB)).toFixed(0);
  console.log(
    `  ${name.padEnd(14)} first ${ms('firstMs').padStart(6)} ms  later ${ms('laterMs').padStart(6)} ms` +
      `  peak ${peak.padStart(4)} MiB  ${runs[0]?.note ?? ''}`,
  );
}

if (values.inner === undefined) await compare();
else await measureHere(values.inner, positionals);

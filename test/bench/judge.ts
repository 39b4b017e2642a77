/**
 * What it costs to tell whether a frame changed: CPU milliseconds a frame and peak memory at three sizes. The
 * agent's code, beside all that a naive program would do, ffmpeg's scene filter, ImageMagick's compare as in the
 * tutorial; and the whole agent beside Motion on one stream. All in one run, rounds interleaved.
 * `npm run bench -- judge [DIR…] [--rounds N] [--frames N] [--windows N] [--no-stream]`
 * Frames are scaled from those of each DIR, without one from the visit that the tests have.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { findSequences } from '../../agent/replay/frame-files.js';
import { type FrameCost, measureFrameCost } from './judge/frame-cost.js';
import { type Cost, costOf } from './judge/process-cost.js';
import { compareOnStream, feed } from './judge/stream.js';
import { type Size, makeFrames, meanKilobytes, sizes } from './judge/test-frames.js';
import { median } from './quality/score.js';

const visit = 'test/fixtures/visit';
/** Each starts two decoders and is slow: a few tell as much as all. */
const comparedPairs = 8;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '5' },
    frames: { type: 'string', default: '60' },
    windows: { type: 'string', default: '5' },
    'no-stream': { type: 'boolean', default: false },
    // What this program starts of itself.
    inner: { type: 'string' },
    feed: { type: 'string' },
  },
});
const rounds = Number(values.rounds);
const frameCount = Number(values.frames);

const has = (program: string): boolean =>
  spawnSync('sh', ['-c', 'command -v "$1"', 'sh', program]).status === 0;

interface Contestant {
  readonly name: string;
  /** Costs for one frame. */
  readonly measure: (paths: readonly string[]) => Promise<Cost & { readonly note?: string }>;
}

/** In a process of its own, all frames several times; what it costs to start is left out. */
async function measureInner(method: string, paths: readonly string[]) {
  const args = [process.argv[1] ?? '', '--inner', method, '--rounds', '1', ...paths];
  const { stdout } = await costOf(process.execPath, args);
  const { decodeMs, judgeMs, peakMiB } = JSON.parse(stdout) as FrameCost;
  const note = `decode ${decodeMs.toFixed(2)} + judge ${judgeMs.toFixed(2)}`;
  return { cpuMs: decodeMs + judgeMs, peakMiB, note };
}

async function measureFfmpeg(paths: readonly string[]): Promise<Cost> {
  const pattern = paths[0]!.replace(/\d{6}\.jpg$/, '%06d.jpg');
  const run = (frames: number): Promise<Cost> =>
    costOf('ffmpeg', [
      ...['-loglevel', 'error', '-threads', '1', '-i', pattern, '-frames:v', String(frames)],
      ...['-vf', "select='gt(scene,0.02)'", '-vsync', '0', '-f', 'null', '-'],
    ]);
  const { cpuMs, peakMiB } = await run(paths.length);
  return { cpuMs: cpuMs / paths.length, peakMiB };
}

async function measureCompare(paths: readonly string[]): Promise<Cost> {
  const costs: Cost[] = [];
  for (let index = 1; index <= comparedPairs; index += 1) {
    const [a, b] = [paths[index - 1]!, paths[index]!];
    // It ends with 1 for pictures that differ.
    costs.push(await costOf('compare', ['-metric', 'mae', a, b, 'null:'], true));
  }
  return {
    cpuMs: costs.reduce((sum, { cpuMs }) => sum + cpuMs, 0) / comparedPairs,
    peakMiB: Math.max(...costs.map(({ peakMiB }) => peakMiB)),
  };
}

const contestants: readonly Contestant[] = [
  { name: 'ours', measure: (paths) => measureInner('ours', paths) },
  { name: 'jpeg-js + pixelmatch', measure: (paths) => measureInner('whole', paths) },
  { name: 'ffmpeg scene filter', measure: measureFfmpeg },
  ...(has('compare') ? [{ name: 'compare, a process a pair', measure: measureCompare }] : []),
];

/** CPU of each contestant, as a multiple of ours in the same round. */
const allRatios = new Map<string, number[]>();

async function compareFrames(title: string, paths: readonly string[]): Promise<void> {
  const costs = new Map<string, (Cost & { readonly note?: string })[]>();
  for (let round = 0; round < rounds; round += 1) {
    for (const { name, measure } of contestants) {
      costs.set(name, [...(costs.get(name) ?? []), await measure(paths)]);
    }
  }
  console.log(`${title}, ${meanKilobytes(paths).toFixed(0)} kB a frame`);
  const ours = costs.get('ours')!;
  for (const [name, found] of costs) {
    const ratios = found.map(({ cpuMs }, round) => cpuMs / ours[round]!.cpuMs);
    allRatios.set(name, [...(allRatios.get(name) ?? []), ...ratios]);
    const ms = median(found.map(({ cpuMs }) => cpuMs)) ?? Number.NaN;
    const peak = Math.max(...found.map(({ peakMiB }) => peakMiB)).toFixed(0);
    const times = (median(ratios) ?? Number.NaN).toFixed(1);
    console.log(
      `  ${name.padEnd(26)} ${ms.toFixed(2).padStart(8)} ms  x${times.padEnd(6)}` +
        ` peak ${peak.padStart(4)} MiB  ${found[0]!.note ?? ''}`,
    );
  }
}

async function compareStreams(paths: readonly string[], size: Size, base: string): Promise<void> {
  const hasMotion = has('motion');
  const plan = {
    framesPerSecond: 10,
    warmUpMs: 10_000,
    windowMs: 5000,
    windows: Number(values.windows),
  };
  for (const kind of ['quiet', 'busy'] as const) {
    const source = kind === 'quiet' ? paths.slice(0, 1) : paths;
    const folder = join(base, `${kind}-${size.name}`);
    const frames = await makeFrames(source, frameCount, size, join(folder, 'frames'));
    const found = await compareOnStream(frames, size, plan, folder, hasMotion);
    const { agentMs, agentPeakMiB, sent, motion } = found;
    const kilobytes = meanKilobytes(frames).toFixed(0);
    console.log(`${size.name} ${kind}, ${kilobytes} kB a frame, 10 a second`);
    console.log(
      `  the whole agent            ${agentMs.toFixed(2).padStart(8)} ms` +
        `           peak ${agentPeakMiB.toFixed(0).padStart(4)} MiB  ${sent} sent`,
    );
    if (motion) {
      const [ratio, least, most] = motion.ratio.map((each) => each.toFixed(2));
      console.log(
        `  Motion                     ${motion.ms.toFixed(2).padStart(8)} ms` +
          `           peak ${motion.peakMiB.toFixed(0).padStart(4)} MiB  ${motion.saved} saved` +
          `  agent by Motion ${ratio} (${least} to ${most})`,
      );
    }
    rmSync(folder, { recursive: true });
  }
}

async function main(): Promise<void> {
  const missing = ['ffmpeg', 'motion', 'compare'].filter((program) => !has(program));
  if (missing.length > 0) {
    console.log(`Missing: ${missing.join(', ')}. apt-get install motion ffmpeg imagemagick`);
  }
  if (missing.includes('ffmpeg')) {
    console.error('Without ffmpeg there are no frames of the sizes to be measured.');
    process.exitCode = 2;
    return;
  }
  const base = mkdtempSync(join(tmpdir(), 'picchanged-bench-'));
  try {
    console.log(`CPU a frame on ${cpus()[0]?.model ?? 'this processor'}, medians of ${rounds}\n`);
    const sequences = await findSequences(positionals.length > 0 ? positionals : [visit]);
    for (const { folder, paths } of sequences) {
      for (const size of sizes) {
        const name = basename(folder);
        const at = join(base, `${name}-${size.name}`);
        const frames = await makeFrames(paths, frameCount, size, at);
        await compareFrames(`${name} at ${size.name}`, frames);
        rmSync(at, { recursive: true });
      }
    }
    console.log('\nAll together, times ours:');
    for (const [name, ratios] of allRatios) {
      console.log(`  ${name.padEnd(26)} ${(median(ratios) ?? Number.NaN).toFixed(1)}`);
    }
    if (values['no-stream']) return;
    console.log('\nWhole processes on one stream:');
    for (const size of sizes) await compareStreams(sequences[0]!.paths, size, base);
  } finally {
    rmSync(base, { recursive: true });
  }
}

if (values.feed !== undefined) feed(Number(values.feed));
else if (values.inner !== undefined) await measureFrameCost(values.inner, positionals, rounds);
else await main();

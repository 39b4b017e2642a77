/**
 * What retention costs on a big store, in ratios to a small one: a put, a start, and a sweep.
 * `npm run bench -- retention [FRAMES]`, 1,000,000 tiny files without it; some minutes, and 4 KiB a file.
 */
import { createHash } from 'node:crypto';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { noLimits } from '../../receiver/archive/retention/limits.js';
import { openSweepParts } from '../../receiver/archive/retention/open-retention.js';
import { RetainingStore } from '../../receiver/archive/retention/retaining-store.js';
import { totalsName } from '../../receiver/archive/retention/totals-file.js';
import { sweep } from '../../receiver/archive/retention/sweep.js';
import { openFrameStore } from '../../receiver/store/frame-store.js';
import { frameLine } from '../../receiver/store/record-line.js';
import { systemClock } from '../../shared/clock.js';
import { clockedPath } from '../../shared/protocol/frame-path.js';
import { makeJpeg } from '../support/pictures.js';

const big = Number(process.argv[2] ?? 1_000_000);
const small = 1000;
const puts = 400;
const putsInARow = 10;
const cameras = 10;
const framesPerDay = 3000;
const jpeg = makeJpeg(1, { widthPx: 8, heightPx: 8 });
const sha256 = createHash('sha256').update(jpeg).digest('hex');
const epoch = 'ab'.repeat(16);
const nowMs = Date.now();

/** The oldest frames are some days old on the small store, and weeks on the big one. */
function fill(directory: string, frames: number): void {
  const perCamera = Math.ceil(frames / cameras);
  for (let camera = 0; camera < cameras; camera += 1) {
    let [folder, lines] = ['', ''];
    const flush = (): void => {
      if (lines !== '') appendFileSync(join(directory, folder, 'record.jsonl'), lines);
      lines = '';
    };
    for (let at = 0; at < perCamera; at += 1) {
      const capturedAtMs = nowMs - Math.round(((perCamera - at) * 86_400_000) / framesPerDay);
      const moment = { capturedAtMs, utcOffsetMinutes: 0 };
      const path = clockedPath(`camera-${camera}`, moment);
      if (path.folder !== folder) {
        flush();
        ({ folder } = path);
        mkdirSync(join(directory, folder), { recursive: true });
      }
      writeFileSync(join(directory, folder, `${path.stem}.jpg`), jpeg);
      lines += frameLine({
        ...{ camera: `camera-${camera}`, id: { epoch, sequence: at }, name: `${path.stem}.jpg` },
        ...{ ...moment, byteCount: jpeg.length, size: undefined, sha256, verdict: undefined },
        receivedAtMs: capturedAtMs + 100,
      });
    }
    flush();
  }
}

async function timed<T>(
  work: () => Promise<T>,
): Promise<{ readonly ms: number; readonly value: T }> {
  const start = performance.now();
  const value = await work();
  return { ms: performance.now() - start, value };
}

async function measure(frames: number) {
  const directory = mkdtempSync(join(tmpdir(), 'picchanged-bench-'));
  try {
    const store = await openFrameStore(directory, nowMs);
    fill(directory, frames);
    const limits = {
      ...noLimits,
      maxSize: [{ camera: undefined, amount: 1e15 }],
      minFree: { bytes: 1 },
    };
    rmSync(join(directory, totalsName), { force: true });
    const rebuilt = await timed(() => openSweepParts(directory, limits, systemClock));
    const started = await timed(() => openSweepParts(directory, limits, systemClock));
    const parts = started.value;
    const retaining = new RetainingStore({
      ...{ ...parts, store, clock: systemClock },
      ...{ onSwept: () => undefined, onWaiting: () => undefined, onLeft: () => undefined },
      onFailure: (error) => {
        throw error;
      },
    });
    let sequence = 0;
    const put = async (to: Pick<typeof store, 'put'>): Promise<void> => {
      for (let at = 0; at < putsInARow; at += 1) {
        sequence += 1;
        await to.put({
          ...{ camera: 'camera-0', jpeg, sha256, utcOffsetMinutes: 0, verdict: undefined },
          ...{ capturedAtMs: nowMs + sequence, receivedAtMs: nowMs },
          id: { epoch, sequence: 1e9 + sequence },
        });
      }
    };
    await put(store); // warm
    const sums = { plainMs: 0, limitedMs: 0 };
    // In turns: other work on the disk slows both.
    for (let done = 0; done < puts; done += putsInARow) {
      sums.plainMs += (await timed(() => put(store))).ms;
      sums.limitedMs += (await timed(() => put(retaining))).ms;
    }
    // Three tenths of the store, by size.
    const amount = Math.round(parts.totals.totalBytes * 0.73);
    const maxSize = [{ camera: undefined, amount }];
    const swept = await timed(() =>
      sweep({ ...parts, limits: { ...noLimits, maxSize } }, { waitS: 0, mayDelete: () => true }),
    );
    await retaining.close();
    return {
      putMs: sums.limitedMs / puts,
      putRatio: sums.limitedMs / sums.plainMs,
      startMs: started.ms,
      rebuildMs: rebuilt.ms,
      days: parts.totals.days.size,
      sweptFrames: swept.value.frames,
      sweptPerSecond: (swept.value.frames * 1000) / swept.ms,
    };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const [one, other] = [await measure(small), await measure(big)];
const row = (what: string, least: string, most: string, ratio = ''): void =>
  console.log(`${what.padEnd(44)} ${least.padStart(12)} ${most.padStart(12)} ${ratio.padStart(8)}`);
const times = (ratio: number): string => `${ratio.toFixed(2)}x`;
row('', `${small} files`, `${big} files`, 'ratio');
row(
  'put within limits, ms',
  one.putMs.toFixed(2),
  other.putMs.toFixed(2),
  times(other.putMs / one.putMs),
);
row('put within limits / put without', times(one.putRatio), times(other.putRatio));
row('days', String(one.days), String(other.days));
row(
  'start with totals, ms',
  one.startMs.toFixed(1),
  other.startMs.toFixed(1),
  times(other.startMs / one.startMs),
);
row('start without totals, ms', one.rebuildMs.toFixed(0), other.rebuildMs.toFixed(0));
row('files that a sweep deletes', String(one.sweptFrames), String(other.sweptFrames));
row('files a second', one.sweptPerSecond.toFixed(0), other.sweptPerSecond.toFixed(0));

/**
 * What a watched folder of 10,000 files costs while nothing changes: CPU time of 10 s, beside an empty folder and
 * beside one listing of the large one. And what a file costs that `--consume` finds at the start, takes and removes, in
 * a small and in a large folder. `npm run bench -- folder`
 */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConsumedFiles } from '../../agent/source/consumed-files.js';
import { openFolder } from '../../agent/source/folder.js';
import { makeLog } from '../../shared/cli/log.js';
import { systemClock } from '../../shared/clock.js';
import { makeJpeg } from '../support/pictures.js';

const files = 10_000;
const quietMs = 10_000;

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

async function quietCpuMs(directory: string): Promise<number> {
  const source = await openFolder({ directory, clock: systemClock, maxFrameBytes: 1_000_000 });
  const before = cpuMs();
  await source.next(AbortSignal.timeout(quietMs)).catch(() => undefined);
  const spent = cpuMs() - before;
  await source.close();
  return spent;
}

function fill(directory: string, count: number): void {
  const jpeg = makeJpeg(1);
  for (let n = 0; n < count; n += 1) writeFileSync(join(directory, `${n}.jpg`), jpeg);
}

/** CPU time a file, milliseconds. */
async function consumeMs(directory: string, count: number): Promise<number> {
  fill(directory, count);
  const log = makeLog({
    ...{ component: 'bench', verbose: false, journal: false },
    ...{ write: (line: string) => process.stderr.write(line), nowMs: () => 0 },
  });
  const consumed = new ConsumedFiles(undefined, log, systemClock);
  const before = cpuMs();
  const fixed = { directory, clock: systemClock, maxFrameBytes: 1_000_000 };
  const source = await openFolder({ ...fixed, consumed });
  for (let n = 0; n < count; n += 1) {
    (await source.next(AbortSignal.timeout(600_000))).lifecycle?.released();
  }
  const spent = cpuMs() - before;
  await source.close();
  if (readdirSync(directory).length > 0) throw new Error('files were left');
  return spent / count;
}

const root = mkdtempSync(join(tmpdir(), 'picchanged-bench-'));
try {
  const empty = mkdtempSync(join(root, 'empty-'));
  const large = mkdtempSync(join(root, 'large-'));
  fill(large, files);
  const emptyMs = await quietCpuMs(empty);
  const largeMs = await quietCpuMs(large);
  const before = cpuMs();
  readdirSync(large);
  const listingMs = cpuMs() - before;
  const row = (name: string, ms: number) =>
    `${name.padEnd(34)} ${ms.toFixed(1).padStart(8)} ms of CPU`;
  console.log(row('empty folder, 10 s', emptyMs));
  console.log(row(`${files} files, 10 s`, largeMs));
  console.log(row('one listing of them', listingMs));
  console.log(
    `ratio large to empty ${(largeMs / emptyMs).toFixed(1)}, large to one listing ${(largeMs / listingMs).toFixed(1)}`,
  );
  const few = await consumeMs(mkdtempSync(join(root, 'few-')), files / 10);
  const many = await consumeMs(mkdtempSync(join(root, 'many-')), files);
  console.log(row(`--consume, a file of ${files / 10}`, few));
  console.log(row(`--consume, a file of ${files}`, many));
  console.log(`ratio many to few ${(many / few).toFixed(1)}`);
} finally {
  rmSync(root, { recursive: true });
}

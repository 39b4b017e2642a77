/**
 * What a watched folder of 10,000 files costs while nothing changes: CPU time of 10 s, beside an empty folder and
 * beside one listing of the large one. `npm run bench -- folder`
 */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openFolder } from '../../agent/source/folder.js';
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

const root = mkdtempSync(join(tmpdir(), 'picchanged-bench-'));
try {
  const empty = mkdtempSync(join(root, 'empty-'));
  const large = mkdtempSync(join(root, 'large-'));
  const jpeg = makeJpeg(1);
  for (let n = 0; n < files; n += 1) writeFileSync(join(large, `${n}.jpg`), jpeg);
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
} finally {
  rmSync(root, { recursive: true });
}

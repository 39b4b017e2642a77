/**
 * What a big store costs, beside a small one: a put within limits, which must not depend on the size of the store, the
 * count of the store at a start, a sweep, and the commands that read it. `npm run bench -- retention [FRAMES]`,
 * 1,000,000 tiny files without it: some minutes, and 4 KiB a file in the folder for temporary files (TMPDIR).
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RetentionLimits, noLimits } from '../../receiver/archive/retention/limits.js';
import { openSweepParts } from '../../receiver/archive/retention/open-retention.js';
import { RetainingStore } from '../../receiver/archive/retention/retaining-store.js';
import { totalsName } from '../../receiver/archive/retention/totals-file.js';
import { openFrameStore } from '../../receiver/store/frame-store.js';
import { systemClock } from '../../shared/clock.js';
import { type CommandCost, commandCost } from './retention/command-cost.js';
import { epoch, fillStore, jpeg, sha256 } from './retention/fill-store.js';

const big = Number(process.argv[2] ?? 1_000_000);
const small = 1000;
const puts = 400;
const putsInARow = 10;
const nowMs = Date.now();

async function timed<T>(work: () => Promise<T>): Promise<Times & { readonly value: T }> {
  const [start, startCpu] = [performance.now(), process.cpuUsage()];
  const value = await work();
  const { user, system } = process.cpuUsage(startCpu);
  return { ms: performance.now() - start, cpuMs: (user + system) / 1000, value };
}

interface Times {
  readonly ms: number;
  readonly cpuMs: number;
}

interface PutCost {
  /** Of a put within limits, and of one without. */
  readonly limited: Times;
  readonly plain: Times;
  readonly startMs: number;
  readonly rebuildMs: number;
  readonly days: number;
}

function meanOfAPut(times: readonly Times[]): Times {
  const mean = (unit: keyof Times): number =>
    times.reduce((sum, each) => sum + each[unit], 0) / (times.length * putsInARow);
  return { ms: mean('ms'), cpuMs: mean('cpuMs') };
}

async function putCost(directory: string): Promise<PutCost> {
  const limits: RetentionLimits = {
    ...noLimits,
    maxSize: [{ camera: undefined, amount: 1e15 }],
    minFree: { bytes: 1 },
  };
  rmSync(join(directory, totalsName), { force: true });
  const rebuilt = await timed(() => openSweepParts(directory, limits, systemClock));
  const started = await timed(() => openSweepParts(directory, limits, systemClock));
  const parts = started.value;
  const store = await openFrameStore(directory, nowMs);
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
        ...{ camera: 'new', jpeg, sha256, utcOffsetMinutes: 0, verdict: undefined },
        ...{ capturedAtMs: nowMs + sequence, receivedAtMs: nowMs, id: { epoch, sequence } },
      });
    }
  };
  await put(store); // warm
  const [plain, limited]: [Times[], Times[]] = [[], []];
  // In turns: other work on the disk slows both.
  for (let done = 0; done < puts; done += putsInARow) {
    plain.push(await timed(() => put(store)));
    limited.push(await timed(() => put(retaining)));
  }
  await retaining.close();
  return {
    ...{ limited: meanOfAPut(limited), plain: meanOfAPut(plain) },
    startMs: started.ms,
    rebuildMs: rebuilt.ms,
    days: parts.totals.days.size,
  };
}

async function measure(wanted: number) {
  const directory = mkdtempSync(join(tmpdir(), 'picchanged-bench-'));
  try {
    await (await openFrameStore(directory, nowMs)).close();
    const frames = fillStore(directory, wanted, nowMs);
    const cost = await putCost(directory);
    const captures = ['--dir', directory];
    const { totals } = await openSweepParts(directory, noLimits, systemClock);
    // Three tenths go.
    const amount = `${Math.round((totals.totalBytes * 0.73) / 1024)}KiB`;
    const commands = {
      status: commandCost(['status', ...captures]),
      // This machine has no installed receiver: a fault of the doctor.
      doctor: commandCost(['doctor', ...captures], [0, 1]),
      report: commandCost(['report', ...captures]),
      verify: commandCost(['verify', ...captures]),
      'prune --dry-run': commandCost(['prune', '--dry-run', '--max-size', amount, ...captures]),
      prune: commandCost(['prune', '--max-size', amount, '--json', ...captures]),
      'prune again': commandCost(['prune', '--max-size', amount, '--json', ...captures]),
    };
    const { frames: deleted } = JSON.parse(commands.prune.stdout) as { frames: number };
    return { frames, ...cost, commands, deleted };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const [one, other] = [await measure(small), await measure(big)];
const row = (...[what, ...cells]: readonly string[]): void =>
  console.log([(what ?? '').padEnd(40), ...cells.map((cell) => cell.padStart(22))].join(' '));
const pair = (what: string, text: (measured: typeof one) => string): void =>
  row(what, text(one), text(other));
const timesText = ({ ms, cpuMs }: Times): string =>
  `${ms.toFixed(2)} ${cpuMs.toFixed(2).padStart(6)}`;
pair('', ({ frames }) => `${frames} files`);
pair('days', ({ days }) => String(days));
pair('a put without limits, ms, of CPU', ({ plain }) => timesText(plain));
pair('a put within limits, ms, of CPU', ({ limited }) => timesText(limited));
pair('a start with totals, ms', ({ startMs }) => startMs.toFixed(1));
pair('a start without totals, ms', ({ rebuildMs }) => rebuildMs.toFixed(0));
pair('frames that prune deletes', ({ deleted }) => String(deleted));
console.log('\nseconds, CPU seconds, peak MB of each command');
const costText = ({ seconds, cpuSeconds, peakMb }: CommandCost): string =>
  `${seconds.toFixed(2)} ${cpuSeconds.toFixed(2).padStart(6)} ${peakMb.toFixed(0).padStart(4)}`;
for (const name of Object.keys(one.commands) as (keyof typeof one.commands)[]) {
  pair(name, ({ commands }) => costText(commands[name]));
}

/** Rules for a receiver after hostile sessions: it runs within its limits, tidies its files, and ends on SIGTERM. */
import { setTimeout as delay } from 'node:timers/promises';
import { idleLocks, strayFiles, unfinishedFiles } from './books.js';
import { addresses } from './plan.js';
import type { ReceiverHouse } from './receiver-house.js';

export interface Aftermath {
  readonly violations: readonly string[];
  readonly peakMebibytes: number;
}

/** With `--max-memory 32MiB`. */
const mostPeakMebibytes = 300;
/** Ten of each event and address in five minutes (SECURITY.md), and there are some twenty events. */
const mostLogLines = 20 * 10 * (addresses.length + 1);
/** Time for the receiver's own cleanup. */
const tidyDeadlineMs = 60_000;

/** Ends the receiver, after all connections have ended. */
export async function endReceiver(house: ReceiverHouse): Promise<Aftermath> {
  if (!house.isAlive) {
    return { violations: [`the receiver has ended: ${lastLines(house)}`], peakMebibytes: 0 };
  }
  const broken = [
    ...(await leftAfterAWhile(house, 'unfinished files', unfinishedFiles)),
    ...(await leftAfterAWhile(house, 'locks of names that stored nothing', idleLocks)),
  ];
  const peakMebibytes = Math.round(house.peakBytes() / 2 ** 20);
  if (peakMebibytes > mostPeakMebibytes) broken.push(`it had ${peakMebibytes} MiB of memory`);
  const how = await house.stop();
  if (how !== 'exit code 0') broken.push(`SIGTERM: ${how}: ${lastLines(house)}`);
  const left = house.processes();
  if (left.length > 0) broken.push(`processes are left: ${left.join(', ')}`);
  if (house.log.length > mostLogLines) broken.push(`it has logged ${house.log.length} lines`);
  const stray = strayFiles(house.files());
  if (stray.length > 0) broken.push(`files outside the captures directory: ${stray.join(', ')}`);
  return { violations: broken, peakMebibytes };
}

async function leftAfterAWhile(
  house: ReceiverHouse,
  what: string,
  find: (files: readonly string[]) => string[],
): Promise<string[]> {
  const startMs = performance.now();
  for (;;) {
    const found = find(house.files());
    if (found.length === 0) return [];
    if (performance.now() - startMs > tidyDeadlineMs) {
      return [`${found.length} ${what}: ${found.slice(0, 3).join(', ')}`];
    }
    await delay(100);
  }
}

function lastLines(house: ReceiverHouse): string {
  return house.log.slice(-5).join(' | ');
}

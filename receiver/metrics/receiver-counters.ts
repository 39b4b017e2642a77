/**
 * Counts what receivers refuse, and what arrives a second time: no record has that. They are in the file
 * `.picchanged-counters.json` at the root of the captures directory, since one process may serve each connection, and the
 * process that serves the metrics is another one. A damaged file is begun anew, as a counter of a process that starts.
 */
import { type FileHandle, constants } from 'node:fs/promises';
import * as v from 'valibot';
import { systemCode } from '../../shared/cli/errors.js';
import type { Clock } from '../../shared/clock.js';
import { flock } from '../../shared/files/flock.js';
import { count } from '../../shared/protocol/fields.js';
import { Folder } from '../store/folder.js';
import { giveToOwner } from '../store/give-to-owner.js';
import type { Metric } from './metrics-text.js';

/** Codes of refusals in the protocol, and `raw`: a picture of a raw sender. */
const refusals = ['hash', 'not-a-jpeg', 'quota', 'store', 'raw', 'other'] as const;
type Refusal = (typeof refusals)[number];

export interface Counters {
  duplicates: number;
  refused: Record<Refusal, number>;
}

const fileName = '.picchanged-counters.json';
/** Longer than its text can be. */
const maxBytes = 4096;
const waitS = 5;
const saveEveryMs = 10_000;
const schema = v.object({
  duplicates: count,
  refused: v.object({
    ...{ hash: count, 'not-a-jpeg': count, quota: count, store: count, raw: count, other: count },
  }),
});

const noCounters = (): Counters => ({
  duplicates: 0,
  refused: { hash: 0, 'not-a-jpeg': 0, quota: 0, store: 0, raw: 0, other: 0 },
});

/** The counts of this process that are not in the file yet. */
export class ReceiverCounters {
  readonly #directory: string;
  #pending = noCounters();
  #isPending = false;

  /** @param directory of the captures */
  constructor(directory: string) {
    this.#directory = directory;
  }

  duplicate(): void {
    this.#pending.duplicates += 1;
    this.#isPending = true;
  }

  /** @param code of the protocol, or `raw` */
  refused(code: string): void {
    this.#pending.refused[refusals.find((each) => each === code) ?? 'other'] += 1;
    this.#isPending = true;
  }

  /** Saves the counts now and then, and at the end. @param signal ends it */
  async run(clock: Clock, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await clock.sleep(saveEveryMs, signal);
      await this.save();
    }
  }

  /** Adds the counts to the file. What cannot be added, as on a full disk, is kept for the next call. */
  async save(): Promise<void> {
    if (!this.#isPending) return;
    const added = this.#pending;
    [this.#pending, this.#isPending] = [noCounters(), false];
    const isSaved = await addTo(this.#directory, added).catch(() => false);
    if (isSaved) return;
    this.#pending = sumOf(this.#pending, added);
    this.#isPending = true;
  }
}

/** @returns false: another process holds the file @throws a system error */
async function addTo(directory: string, added: Counters): Promise<boolean> {
  const root = await Folder.open(directory);
  try {
    const file = await root.openFile(fileName, constants.O_RDWR | constants.O_CREAT);
    try {
      await giveToOwner(file, root);
      // A file system without locks is taken to have one process.
      if ((await flock(file, { mode: 'exclusive', waitS })) === 'held') return false;
      // In place and padded: a full disk has no block for a new file, and no old text stays behind the new one.
      const text = JSON.stringify(sumOf((await readFrom(file)) ?? noCounters(), added));
      await file.write(Buffer.from(text.padEnd(maxBytes)), 0, maxBytes, 0);
      return true;
    } finally {
      await file.close();
    }
  } finally {
    await root.close();
  }
}

async function readFrom(file: FileHandle): Promise<Counters | undefined> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(maxBytes), 0, maxBytes, 0);
  const text = buffer.toString('latin1', 0, bytesRead);
  const read = v.safeParse(v.pipe(v.string(), v.parseJson(), schema), text);
  return read.success ? read.output : undefined;
}

function sumOf(one: Counters, other: Counters): Counters {
  const sum = noCounters();
  sum.duplicates = one.duplicates + other.duplicates;
  for (const each of refusals) sum.refused[each] = one.refused[each] + other.refused[each];
  return sum;
}

/** @returns nothing while the file cannot be read: a counter that jumps to 0 would count as a restart @throws a system error */
export async function counterMetrics(captures: Folder): Promise<readonly Metric[]> {
  const counters = await readCounters(captures);
  if (counters === undefined) return [];
  return [
    {
      ...{ name: 'duplicate_frames_total', type: 'counter' },
      help: 'Frames that arrived again and were acknowledged, and not stored again.',
      samples: [{ value: counters.duplicates }],
    },
    {
      ...{ name: 'refused_frames_total', type: 'counter' },
      help: 'Frames, gaps and reports that the receiver has refused.',
      samples: refusals.map((reason) => ({ labels: { reason }, value: counters.refused[reason] })),
    },
  ];
}

async function readCounters(captures: Folder): Promise<Counters | undefined> {
  let file: FileHandle;
  try {
    file = await captures.openFile(fileName, constants.O_RDONLY);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return noCounters();
    throw error;
  }
  try {
    return await readFrom(file);
  } finally {
    await file.close();
  }
}

/**
 * The outbox: one spool for each receiver, so that a slow or unreachable receiver does not affect the others. A frame for
 * several receivers is written once and linked into each spool.
 */
import { readFile, readdir, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Destination, formatAddress } from '../../shared/cli/address.js';
import { makeDirectory } from '../../shared/files/durable-file.js';
import { OperationalError } from '../../shared/cli/errors.js';
import { nextCaptureMs } from './capture-time.js';
import { type Entry, sha256Of } from './entry.js';
import { parseEntryName } from './entry-name.js';
import { DiskStore, receiverName } from './disk-store.js';
import { MemoryStore } from './memory-store.js';
import { partName, removeParts, writeEntry } from './part-file.js';
import type { QueueSettings } from './queue-settings.js';
import { QueueSpool } from './queue-spool.js';
import type { SpooledFrame } from '../source/frame-source.js';
import type { Prepared } from './entry-store.js';
import type { SpoolReport } from './spool-report.js';
import type { CloseResult, FrameToSend, Outbox, Spool, Spools } from './spool.js';

interface OrphanedSpool {
  readonly folder: string;
  readonly receiverId: string | undefined;
  /** Undefined until its receiver answers. */
  spool: Promise<QueueSpool> | undefined;
}

export class SpoolSet implements Outbox, Spools {
  readonly #spools: ReadonlyMap<string, QueueSpool>;
  readonly #settings: QueueSettings;
  /** Folder where entries are written before they are linked; undefined: spools in memory. */
  readonly #root: string | undefined;
  /** Spools of hosts that are not configured any more. */
  readonly #orphaned: readonly OrphanedSpool[];
  #lastCaptureMs: number | undefined;

  private constructor(
    spools: ReadonlyMap<string, QueueSpool>,
    settings: QueueSettings,
    root: string | undefined,
    orphaned: readonly OrphanedSpool[],
  ) {
    this.#spools = spools;
    this.#settings = settings;
    this.#root = root;
    this.#orphaned = orphaned;
  }

  /** Spools in memory, which end with the process. */
  static inMemory(destinations: readonly Destination[], settings: QueueSettings): SpoolSet {
    const spools = destinations.map((destination) => {
      const queue = new QueueSpool(new MemoryStore(), MemoryStore.newLife(), settings);
      return [spoolFolderName(destination), queue] as const;
    });
    return new SpoolSet(new Map(spools), settings, undefined, []);
  }

  /**
   * Spools in folders below `root`, whose parent must exist. The caller holds the state lock.
   * @throws {OperationalError} STATE
   */
  static async onDisk(
    root: string,
    destinations: readonly Destination[],
    settings: QueueSettings,
  ): Promise<SpoolSet> {
    const spools = new Map<string, QueueSpool>();
    const orphaned: OrphanedSpool[] = [];
    try {
      await makeDirectory(root);
      await removeParts(root);
      for (const destination of destinations) {
        const name = spoolFolderName(destination);
        spools.set(name, await openSpool(join(root, name), settings));
      }
      for (const name of await readdir(root)) {
        if (spools.has(name)) continue;
        const found = await findOrphaned(join(root, name), settings.report);
        if (found !== undefined) orphaned.push(found);
      }
    } catch (cause) {
      if (cause instanceof OperationalError) throw cause;
      const hint = 'give this user write permission, or choose another folder with --state DIR';
      throw new OperationalError('STATE', `cannot use the spool ${root}`, { cause, hint });
    }
    return new SpoolSet(spools, settings, root, orphaned);
  }

  /** Number of waiting frames and gap entries, for all receivers together. */
  get waitingCount(): number {
    return [...this.#spools.values()].reduce((sum, spool) => sum + spool.waitingCount, 0);
  }

  /** Number of frames that wait in memory only: they are lost when the process ends. */
  get inMemoryCount(): number {
    if (this.#root === undefined) return this.waitingCount;
    return [...this.#spools.values()].reduce((sum, spool) => sum + spool.inMemoryCount, 0);
  }

  spoolFor(destination: Destination): Spool {
    const spool = this.#spools.get(spoolFolderName(destination));
    if (spool === undefined) throw new Error(`no spool for ${destination.host}`);
    return spool;
  }

  /** By the name of its folder, which stays the same for a destination. */
  get all(): ReadonlyMap<string, QueueSpool> {
    return this.#spools;
  }

  async noteReceiver(destination: Destination, receiverId: string): Promise<readonly Spool[]> {
    if (this.#root === undefined) return [];
    const path = join(this.#root, spoolFolderName(destination), receiverName);
    if ((await readIfPresent(path)) !== receiverId) await this.#writeReceiver(path, receiverId);
    const spools = this.#orphaned
      .filter((orphaned) => orphaned.receiverId === receiverId)
      .map((orphaned) => this.#openOrphaned(orphaned));
    const opened = (await Promise.all(spools)).flatMap((spool) => spool ?? []);
    return opened.filter((spool) => spool.hasWaiting(() => true));
  }

  async add({ jpeg, verdict, onDelivered, ...times }: FrameToSend): Promise<SpooledFrame> {
    const capturedAtMs = nextCaptureMs(times.capturedAtMs, this.#lastCaptureMs);
    this.#lastCaptureMs = capturedAtMs;
    const { utcOffsetMinutes } = times;
    const sha256 = sha256Of(jpeg);
    const header = { type: 'frame' as const, capturedAtMs, utcOffsetMinutes, sha256, verdict };
    const prepared = await this.#prepare({ header, body: jpeg });
    const nowMs = this.#settings.clock.nowMs();
    const spools = [...this.#spools.values()];
    const onAcknowledged = onDelivered && afterCalls(spools.length, onDelivered);
    await Promise.all(spools.map((spool) => spool.add(prepared, nowMs, onAcknowledged)));
    if (prepared.path !== undefined) await this.#unlink(prepared.path);
    return { capturedAtMs, sha256, isOnDisk: this.inMemoryCount === 0 };
  }

  /**
   * For a frame that an earlier process added: calls `onDelivered` once every receiver has acknowledged it for which it
   * still waits. @returns false: it waits for none
   */
  async resume(
    { capturedAtMs, sha256 }: Pick<SpooledFrame, 'capturedAtMs' | 'sha256'>,
    onDelivered: () => void,
  ): Promise<boolean> {
    const holding: QueueSpool[] = [];
    for (const spool of this.#spools.values())
      if (await spool.holds(capturedAtMs, sha256)) holding.push(spool);
    const onAcknowledged = afterCalls(holding.length, onDelivered);
    for (const spool of holding) await spool.holds(capturedAtMs, sha256, onAcknowledged);
    return holding.length > 0;
  }

  /**
   * Capture time of the frame that an earlier process added last, if it has these bytes and waits for every receiver: a
   * process that was killed may have added it for some.
   */
  async newestOf(sha256: string): Promise<number | undefined> {
    const spools = [...this.#spools.values()];
    const times = await Promise.all(spools.map(({ earlier }) => earlier.newestOf(sha256)));
    return times.every((atMs) => atMs === times[0]) ? times[0] : undefined;
  }

  /** Whether a frame that an earlier process added still waits for every receiver. */
  async holds(capturedAtMs: number, sha256: string): Promise<boolean> {
    const spools = [...this.#spools.values()];
    const held = await Promise.all(spools.map((spool) => spool.holds(capturedAtMs, sha256)));
    return held.every((isHeld) => isHeld);
  }

  /**
   * Writes to the disk what still waits in memory, and counts what cannot be written. Do not call `add` after it.
   * @returns the sums over all receivers
   */
  async close(): Promise<CloseResult> {
    const orphaned = await Promise.all(this.#orphaned.flatMap(({ spool }) => spool ?? []));
    await Promise.all(orphaned.map((spool) => spool.close()));
    const spools = [...this.#spools.values()];
    const results = await Promise.all(spools.map((spool) => spool.close()));
    const onDisk = results.reduce((sum, result) => sum + result.onDisk, 0);
    const lost = results.reduce((sum, result) => sum + result.lost, 0);
    if (this.#root === undefined) return { onDisk: 0, lost: onDisk + lost, isRecorded: false };
    return { onDisk, lost, isRecorded: results.every(({ isRecorded }) => isRecorded) };
  }

  /** A single spool writes its own file: there is nothing to share. */
  async #prepare(entry: Entry): Promise<Prepared> {
    if (this.#root === undefined || this.#spools.size === 1) return { entry, path: undefined };
    const path = join(this.#root, partName());
    try {
      await writeEntry(path, entry);
      return { entry, path };
    } catch {
      // Each spool writes its own file and reports its own failure.
      await this.#unlink(path);
      return { entry, path: undefined };
    }
  }

  /** @returns undefined: it cannot be opened now; the next answer of the receiver tries again */
  async #openOrphaned(orphaned: OrphanedSpool): Promise<QueueSpool | undefined> {
    try {
      const spool = await (orphaned.spool ??= openSpool(orphaned.folder, this.#settings));
      spool.reports.release();
      return spool;
    } catch (error) {
      orphaned.spool = undefined;
      this.#settings.report.failed('cannot open the spool of a former --host', error);
      return undefined;
    }
  }

  async #writeReceiver(path: string, receiverId: string): Promise<void> {
    try {
      await writeFile(path, receiverId);
    } catch (error) {
      // Not fatal: the id is needed only after a change of --host.
      this.#settings.report.failed('cannot write the receiver id to the spool', error);
    }
  }

  async #unlink(path: string): Promise<void> {
    try {
      await unlink(path);
    } catch {
      // Never written, or removed at the next start: a temporary file is not an entry.
    }
  }
}

/** @returns a function that calls `act` at its n-th call */
function afterCalls(n: number, act: () => void): () => void {
  let left = n;
  return () => {
    left -= 1;
    if (left === 0) act();
  };
}

async function openSpool(folder: string, settings: QueueSettings): Promise<QueueSpool> {
  const { store, life } = await DiskStore.open(folder, settings.report);
  return new QueueSpool(store, life, settings);
}

/** @returns undefined: not a spool folder, or nothing waits in it */
async function findOrphaned(
  folder: string,
  report: SpoolReport,
): Promise<OrphanedSpool | undefined> {
  if (!/_\d+$/.test(folder)) {
    report.foreign(folder);
    return undefined;
  }
  const kinds = (await readdir(folder)).map((name) => parseEntryName(name)?.kind);
  const waiting = kinds.filter((kind) => kind !== undefined && kind !== 'sent');
  if (waiting.length === 0) return undefined;
  const frames = waiting.filter((kind) => kind !== 'report').length;
  if (frames > 0) report.orphaned(folder, frames);
  const receiverId = await readIfPresent(join(folder, receiverName));
  return { folder, receiverId, spool: undefined };
}

async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    return undefined; // no receiver has answered yet
  }
}

/**
 * The name of a receiver's folder in the spool: `laptop_4444`. Characters that file names should not have (colons of an
 * IPv6 address) become `-`.
 */
export function spoolFolderName({ host, port }: Destination): string {
  return formatAddress(host, port)
    .toLowerCase()
    .replace(/:(\d+)$/, '_$1')
    .replaceAll(/[^a-z0-9._-]/g, '-');
}

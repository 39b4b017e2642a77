/**
 * The outbox: one spool a receiver. A frame is written once and linked into each, so that a slow or dead
 * receiver neither delays nor drops another's frames.
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
import { QueueSpool, type QueueSettings } from './queue-spool.js';
import type { Prepared } from './entry-store.js';
import type { SpoolRest, FrameToSend, Outbox, Spool } from './spool.js';

export interface SpoolSetSettings extends QueueSettings {
  /** Told of each name in the spool that is not ours, and stays as it is. */
  readonly onForeign: (path: string) => void;
  /** Told of a spool with entries for a `--host` that is none any more. */
  readonly onLeft: (folder: string, waitingCount: number) => void;
}

interface OrphanedSpool {
  readonly folder: string;
  readonly receiverId: string | undefined;
  /** Opened when its receiver answers. */
  spool: Promise<QueueSpool> | undefined;
}

export class SpoolSet implements Outbox {
  readonly #spools: ReadonlyMap<string, QueueSpool>;
  readonly #settings: SpoolSetSettings;
  /** Where entries are written before they are linked; undefined: there is no disk. */
  readonly #root: string | undefined;
  /** Folders of hosts that are none any more, and which receiver answered there last. */
  readonly #left: readonly OrphanedSpool[];
  #lastCaptureMs: number | undefined;

  private constructor(
    spools: ReadonlyMap<string, QueueSpool>,
    settings: SpoolSetSettings,
    root: string | undefined,
    left: readonly OrphanedSpool[],
  ) {
    this.#spools = spools;
    this.#settings = settings;
    this.#root = root;
    this.#left = left;
  }

  /** Spools that are gone with the process. */
  static inMemory(destinations: readonly Destination[], settings: SpoolSetSettings): SpoolSet {
    const spools = destinations.map((destination) => {
      const queue = new QueueSpool(new MemoryStore(), MemoryStore.newLife(), settings);
      return [folderName(destination), queue] as const;
    });
    return new SpoolSet(new Map(spools), settings, undefined, []);
  }

  /**
   * Spools in folders below `root`, whose parent must exist. Only for whoever holds the state's lock.
   * @throws {OperationalError} STATE
   */
  static async onDisk(
    root: string,
    destinations: readonly Destination[],
    settings: SpoolSetSettings,
  ): Promise<SpoolSet> {
    const spools = new Map<string, QueueSpool>();
    const left: OrphanedSpool[] = [];
    try {
      await makeDirectory(root);
      await removeParts(root);
      for (const destination of destinations) {
        const name = folderName(destination);
        spools.set(name, await openSpool(join(root, name), settings));
      }
      for (const name of await readdir(root)) {
        if (spools.has(name)) continue;
        const found = await findOrphaned(join(root, name), settings);
        if (found !== undefined) left.push(found);
      }
    } catch (cause) {
      if (cause instanceof OperationalError) throw cause;
      const hint = 'let this user write there, or choose another with --state DIR';
      throw new OperationalError('STATE', `cannot use the spool ${root}`, { cause, hint });
    }
    return new SpoolSet(spools, settings, root, left);
  }

  /** Entries that wait, for all receivers together. */
  get waitingCount(): number {
    return [...this.#spools.values()].reduce((sum, spool) => sum + spool.waitingCount, 0);
  }

  /** Frames that wait and would be lost with the process. */
  get inMemoryCount(): number {
    if (this.#root === undefined) return this.waitingCount;
    return [...this.#spools.values()].reduce((sum, spool) => sum + spool.inMemoryCount, 0);
  }

  /** @throws {Error} when it is none of those that the set was opened for: a bug */
  spoolFor(destination: Destination): Spool {
    const spool = this.#spools.get(folderName(destination));
    if (spool === undefined) throw new Error(`no spool for ${destination.host}`);
    return spool;
  }

  /**
   * Notes which receiver answers at a destination.
   * @returns what waits for the same receiver under a host that is none any more
   */
  async noteReceiver(destination: Destination, receiverId: string): Promise<readonly Spool[]> {
    if (this.#root === undefined) return [];
    const path = join(this.#root, folderName(destination), receiverName);
    if ((await readIfThere(path)) !== receiverId) await this.#keepReceiver(path, receiverId);
    const spools = this.#left
      .filter((left) => left.receiverId === receiverId)
      .map((left) => this.#openLeft(left));
    const opened = (await Promise.all(spools)).flatMap((spool) => spool ?? []);
    return opened.filter(({ waitingCount }) => waitingCount > 0);
  }

  async add({ jpeg, verdict, ...times }: FrameToSend): Promise<string> {
    const capturedAtMs = nextCaptureMs(times.capturedAtMs, this.#lastCaptureMs);
    this.#lastCaptureMs = capturedAtMs;
    const { utcOffsetMinutes } = times;
    const sha256 = sha256Of(jpeg);
    const header = { type: 'frame' as const, capturedAtMs, utcOffsetMinutes, sha256, verdict };
    const prepared = await this.#prepare({ header, body: jpeg });
    const nowMs = this.#settings.clock.nowMs();
    await Promise.all([...this.#spools.values()].map((spool) => spool.add(prepared, nowMs)));
    if (prepared.path !== undefined) await this.#unlink(prepared.path);
    return sha256;
  }

  /** Whether a frame that an earlier process added waits still for every receiver. */
  async holds(capturedAtMs: number, sha256: string): Promise<boolean> {
    const spools = [...this.#spools.values()];
    const held = await Promise.all(spools.map((spool) => spool.holds(capturedAtMs, sha256)));
    return held.every((isHeld) => isHeld);
  }

  /**
   * Puts on the disk what still waits in memory, and counts what the disk does not take. Nothing is added after it.
   * @returns what becomes of the frames that wait, for all receivers together
   */
  async close(): Promise<SpoolRest> {
    const left = await Promise.all(this.#left.flatMap(({ spool }) => spool ?? []));
    await Promise.all(left.map((spool) => spool.close()));
    const spools = [...this.#spools.values()];
    const rests = await Promise.all(spools.map((spool) => spool.close()));
    const sum = (pick: (rest: SpoolRest) => number): number =>
      rests.reduce((total, rest) => total + pick(rest), 0);
    const [onDisk, lost] = [sum((each) => each.onDisk), sum((each) => each.lost)];
    if (this.#root === undefined) return { onDisk: 0, lost: onDisk + lost, isRecorded: false };
    return { onDisk, lost, isRecorded: rests.every(({ isRecorded }) => isRecorded) };
  }

  async #prepare(entry: Entry): Promise<Prepared> {
    if (this.#root === undefined) return { entry, path: undefined };
    const path = join(this.#root, partName());
    try {
      await writeEntry(path, entry);
      return { entry, path };
    } catch {
      // Each spool tries for itself, and tells what it does when it fails too.
      await this.#unlink(path);
      return { entry, path: undefined };
    }
  }

  /** @returns undefined when it cannot be opened now: it is tried again when the receiver answers again */
  async #openLeft(left: OrphanedSpool): Promise<QueueSpool | undefined> {
    try {
      return await (left.spool ??= openSpool(left.folder, this.#settings));
    } catch (error) {
      left.spool = undefined;
      this.#settings.onTrouble('cannot open a spool that was left', error);
      return undefined;
    }
  }

  async #keepReceiver(path: string, receiverId: string): Promise<void> {
    try {
      await writeFile(path, receiverId);
    } catch (error) {
      // Only a later change of --host needs it.
      this.#settings.onTrouble('cannot note which receiver answers', error);
    }
  }

  async #unlink(path: string): Promise<void> {
    try {
      await unlink(path);
    } catch {
      // It was never made, or goes at the next start: linked or not, it is no entry.
    }
  }
}

async function openSpool(folder: string, settings: SpoolSetSettings): Promise<QueueSpool> {
  const { store, life } = await DiskStore.open(folder, settings.onForeign);
  return new QueueSpool(store, life, settings);
}

/** @returns undefined when nothing waits there */
async function findOrphaned(
  folder: string,
  settings: SpoolSetSettings,
): Promise<OrphanedSpool | undefined> {
  if (!/_\d+$/.test(folder)) {
    settings.onForeign(folder);
    return undefined;
  }
  const waiting = (await readdir(folder)).filter((name) => {
    const kind = parseEntryName(name)?.kind;
    return kind !== undefined && kind !== 'sent';
  });
  if (waiting.length === 0) return undefined;
  settings.onLeft(folder, waiting.length);
  const receiverId = await readIfThere(join(folder, receiverName));
  return { folder, receiverId, spool: undefined };
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    return undefined; // no receiver has answered yet
  }
}

/** `laptop_4444`; what a file name should not hold (an IPv6 address's colons) becomes `-`. */
function folderName({ host, port }: Destination): string {
  return formatAddress(host, port)
    .toLowerCase()
    .replace(/:(\d+)$/, '_$1')
    .replaceAll(/[^a-z0-9._-]/g, '-');
}

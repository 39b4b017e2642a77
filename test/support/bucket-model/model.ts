/**
 * Receivers, agents and commands on one bucket, in an order that a seed decides, and the promises that must hold after
 * it.
 */
import { eraseInBucket } from '../../../receiver/archive/bucket/erase-in-bucket.js';
import { keepInBucket } from '../../../receiver/archive/bucket/keep-in-bucket.js';
import { openBucketSweep } from '../../../receiver/archive/bucket/open-bucket-sweep.js';
import { openBucketTarget } from '../../../receiver/archive/copy/bucket-target.js';
import { copyCaptures } from '../../../receiver/archive/copy/copy-captures.js';
import { RecordMirror } from '../../../receiver/archive/mirror/record-mirror.js';
import { noLimits } from '../../../receiver/archive/retention/limits.js';
import { sweep } from '../../../receiver/archive/retention/sweep.js';
import { BucketSource } from '../../../receiver/archive/verify/bucket-source.js';
import { BucketCaptures } from '../../../receiver/store/s3/bucket-captures.js';
import { readBucketId } from '../../../receiver/store/s3/bucket-marker.js';
import { openBucketStore } from '../../../receiver/store/s3/bucket-store.js';
import type { S3Client } from '../../../receiver/store/s3/s3-client.js';
import type { FrameId } from '../../../receiver/store/record-line.js';
import type { Erasure } from '../../../receiver/store/erasures.js';
import type { FrameStore, FrameToStore, Gap, Report } from '../../../receiver/store/store-port.js';
import { verifySource } from '../../receiver/archive/verify/made-store.js';
import { temporaryDirectory } from '../temporary.js';
import { MemoryS3 } from './memory-s3.js';
import { Killed, Process, Schedule } from './schedule.js';

export const dayMs = 86_400_000;
/** Noon of the first day. */
export const firstMs = Date.UTC(2026, 10, 1, 12);
export const days = 4;
/** Of a sweep. */
export const maxAgeMs = 2 * dayMs;

interface Named {
  readonly id: FrameId;
  readonly label: string;
}

export type Entry = Named &
  (
    | { readonly kind: 'frame'; readonly frame: FrameToStore }
    | { readonly kind: 'gap'; readonly gap: Gap }
    | { readonly kind: 'report'; readonly report: Report }
  );

export const labelOf = ({ epoch, sequence }: FrameId): string => `${epoch.slice(0, 2)}${sequence}`;

export interface Acknowledged {
  readonly entry: Entry;
  readonly name: string;
}

interface Receiver {
  readonly process: Process;
  readonly store: FrameStore;
}

export class Model {
  readonly schedule: Schedule;
  readonly bucket: MemoryS3;
  readonly copyBucket: MemoryS3;
  readonly acknowledged = new Map<string, Acknowledged>();
  readonly erasures: Erasure[] = [];
  /** Names of frames that were kept. */
  readonly kept = new Set<string>();
  /** Those that a command may have ended to keep. */
  readonly unkept = new Set<string>();
  readonly findings: string[] = [];
  hasCopied = false;
  /** A day has so many frames that receivers join the objects of its record. */
  readonly isDense: boolean;
  #receivers: (Receiver | undefined)[] = [];
  #processes = 0;
  #id = '';

  constructor(seed: number) {
    this.schedule = new Schedule(seed, firstMs + (days - 0.5) * dayMs);
    const { schedule } = this;
    this.bucket = new MemoryS3(() => schedule.nowMs);
    this.copyBucket = new MemoryS3(() => schedule.nowMs);
    this.isDense = this.schedule.random() < 0.2;
    this.bucket.pageSize = schedule.oneOf([2, 5, 1000]);
    this.bucket.resolutionMs = schedule.oneOf([1, 1000]);
  }

  newProcess(what: string): Process {
    this.#processes += 1;
    return new Process(`${what}${this.#processes}`);
  }

  client(what: string, process = this.newProcess(what), bucket = this.bucket): S3Client {
    return this.schedule.clientOf(process, bucket, 0);
  }

  async start(receivers: number): Promise<void> {
    for (let slot = 0; slot < receivers; slot += 1) await this.#receiver(slot);
    this.#id = await readBucketId(this.client('id'));
  }

  async #receiver(slot: number): Promise<Receiver> {
    const found = this.#receivers[slot];
    if (found !== undefined && !found.process.isDead) return found;
    const process = this.newProcess('receiver');
    const client = this.client('', process);
    const store = await Promise.race([
      openBucketStore({ client, clock: this.schedule.clockOf((slot - 1) * 300_000) }),
      process.died,
    ]);
    const made = { process, store };
    this.#receivers[slot] = made;
    return made;
  }

  /** As an agent: sends it until it is acknowledged. */
  async deliver(entry: Entry): Promise<string> {
    for (;;) {
      try {
        const slot = this.schedule.pick(this.#receivers.length);
        const { process, store } = await this.#receiver(slot);
        const answer = this.#store(store, entry);
        answer.catch(() => undefined);
        const late = this.schedule.sleep(30_000).then(() => undefined);
        const stored = await Promise.race([answer, process.died, late]);
        if (stored === undefined) continue;
        this.schedule.log.push(`ACK ${entry.label} ${stored.name} ${stored.duplicate}`);
        const before = this.acknowledged.get(entry.label);
        if (before === undefined) {
          this.acknowledged.set(entry.label, { entry, name: stored.name });
        }
        return stored.name;
      } catch (error) {
        if (!isExpected(error)) throw error;
        await this.schedule.sleep(500);
      }
    }
  }

  #store(store: FrameStore, entry: Entry) {
    if (entry.kind === 'frame')
      return store.put({ ...entry.frame, receivedAtMs: this.schedule.nowMs });
    if (entry.kind === 'gap')
      return store.recordGap({ ...entry.gap, receivedAtMs: this.schedule.nowMs });
    return store.recordReport({ ...entry.report, receivedAtMs: this.schedule.nowMs });
  }

  killReceiver(slot: number): void {
    this.#receivers[slot]?.process.kill();
  }

  /** A command, run again until it has ended. */
  async command(
    what: string,
    work: (client: S3Client, process: Process) => Promise<void>,
  ): Promise<void> {
    for (let run = 0; run < 40; run += 1) {
      const process = this.newProcess(what);
      process.isMortal = run < 8;
      const client = this.client('', process);
      try {
        const working = work(client, process);
        working.catch(() => undefined);
        await Promise.race([working, process.died]);
        this.schedule.log.push(`DONE ${what}`);
        return;
      } catch (error) {
        if (!isExpected(error)) throw error;
        this.schedule.log.push(`FAILED ${what}: ${String(error)}`);
        process.kill();
        await this.schedule.sleep(1000);
      }
    }
    throw new Error(`${what} does not end`);
  }

  erase(fromLocalMs: number, toLocalMs: number): Promise<void> {
    return this.command('erase', async (client) => {
      const atMs = Math.round(this.schedule.nowMs);
      const erasure = { camera: 'yard', atMs, fromLocalMs, toLocalMs, why: 'asked' };
      this.erasures.push(erasure);
      const { left } = await eraseInBucket({ client, clock: this.schedule.clockOf() }, erasure);
      if (left.length > 0) throw new Again(left.join());
    });
  }

  keep(name: string, kind: 'kept' | 'unkept'): Promise<void> {
    const at = name.lastIndexOf('/');
    const target = {
      kind: 'file',
      camera: 'yard',
      day: name.slice(0, at),
      name: name.slice(at + 1),
    } as const;
    if (kind === 'unkept') this.unkept.add(name);
    return this.command(kind, async (client) => {
      const wish = { kind, note: undefined, atMs: Math.round(this.schedule.nowMs) };
      try {
        await keepInBucket(
          { client, clock: this.schedule.clockOf(), waitMs: 60_000 },
          target,
          wish,
        );
      } catch (error) {
        if (String(error).includes('there is no frame')) return;
        throw error;
      }
      if (kind === 'kept') this.kept.add(name);
    });
  }

  sweep(ageMs = maxAgeMs): Promise<void> {
    return this.command('sweep', async (client, process) => {
      const limits = { ...noLimits, maxAge: [{ camera: undefined, amount: ageMs }] };
      let held: RecordMirror | undefined;
      this.schedule.filing += 1;
      process.died.catch(() => (this.schedule.filing -= process.isEnded ? 0 : 1));
      const opened = await openBucketSweep({
        ...{ client, limits, clock: this.schedule.clockOf() },
        openMirror: () =>
          this.schedule.aside(async () => {
            const mirror = await RecordMirror.open({
              client,
              id: this.#id,
              parent: temporaryDirectory(),
            });
            held = mirror;
            return { mirror, close: () => mirror.close() };
          }),
      });
      try {
        const { outcome } = await sweep(opened.parts, { waitS: 60, mayDelete: () => true });
        if (outcome !== 'done') throw new Again(outcome);
      } finally {
        process.isEnded = true;
        if (!process.isDead) this.schedule.filing -= 1;
        await held?.close().catch(() => undefined);
      }
    });
  }

  copy(): Promise<void> {
    return this.command('copy', async (client, process) => {
      this.hasCopied = true;
      const to = await openBucketTarget(this.client('', process, this.copyBucket));
      const listener = { onFault: () => undefined, onBytes: () => undefined };
      await copyCaptures(new BucketCaptures(client), to, listener);
    });
  }

  /** @param left kinds that are no fault then */
  verify(left: readonly string[], bucket = this.bucket): Promise<void> {
    return this.command('verify', async (_, process) => {
      const source = new BucketSource(this.client('', process, bucket));
      const { findings } = await verifySource(source, new Map(), {
        nowMs: () => this.schedule.nowMs,
        sleep: (ms: number) => this.schedule.sleep(ms),
      });
      for (const each of findings) {
        if (!left.includes(each.kind))
          this.findings.push(`${bucket === this.bucket ? '' : 'copy: '}${JSON.stringify(each)}`);
      }
    });
  }
}

class Again extends Error {}

const isExpected = (error: unknown): boolean =>
  error instanceof Killed ||
  error instanceof Again ||
  (error instanceof Error &&
    'code' in error &&
    (error.code === 'STORE' || error.code === 'KEYS')) ||
  String(error).includes('does not answer');

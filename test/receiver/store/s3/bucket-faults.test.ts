/**
 * An object store that fails at random, and receivers that are killed at random: what is acknowledged is there, once,
 * with its line. The frames are sent again until they are acknowledged, as agents do.
 */
import { describe, expect, it } from 'vitest';
import { openBucketStore } from '../../../../receiver/store/s3/bucket-store.js';
import { BucketCaptures } from '../../../../receiver/store/s3/bucket-captures.js';
import { readLine } from '../../../../receiver/store/record-line.js';
import type { FrameStore, FrameToStore } from '../../../../receiver/store/store-port.js';
import { systemClock } from '../../../../shared/clock.js';
import { makeJpeg } from '../../../support/pictures.js';
import { clientOf } from '../../../support/s3-bucket.js';
import { type S3Stub, type StubFault, startS3Stub } from '../../../support/s3-stub.js';
import { day, frameOf, gapOf } from '../given.js';
import { seededRandom } from '../../../faults/plan.js';

const faultKinds: readonly StubFault[] = [
  { kind: 'refuse', status: 503, code: 'SlowDown' },
  { kind: 'refuse', status: 409, code: 'ConditionalRequestConflict' },
  { kind: 'refuse', status: 403, code: 'AccessDenied' },
  { kind: 'break before' },
  { kind: 'break after' },
];

/** @param share of the requests that meet a fault */
function failAtRandom(stub: S3Stub, random: () => number, share: number): void {
  stub.fault = () =>
    random() < share ? faultKinds[Math.floor(random() * faultKinds.length)] : undefined;
}

/** Two receivers, each replaced by a new one now and then, in the middle of its work. */
class Receivers {
  readonly #stub: S3Stub;
  readonly #random: () => number;
  readonly #stores: (Promise<FrameStore> | undefined)[] = [undefined, undefined];
  replaced = 0;

  constructor(stub: S3Stub, random: () => number) {
    this.#stub = stub;
    this.#random = random;
  }

  async any(): Promise<FrameStore> {
    const at = this.#random() < 0.5 ? 0 : 1;
    if (this.#random() < 0.1) {
      this.#stores[at] = undefined;
      this.replaced += 1;
    }
    const client = clientOf(this.#stub, { giveUpAfterMs: 500 });
    const opening = (this.#stores[at] ??= openBucketStore({
      ...{ client, clock: systemClock, erasuresMaxAgeMs: 0 },
    }));
    opening.catch(() => (this.#stores[at] = undefined));
    return await opening;
  }
}

const jpegs = Array.from({ length: 40 }, (_, at) => makeJpeg(at));

/** Some frames have the time of another one. */
function frameAt(number: number): FrameToStore {
  const at = number % 5 === 0 ? number - 1 : number;
  const { capturedAtMs } = frameOf(at, { jpeg: jpegs[at] ?? Buffer.alloc(0) });
  return frameOf(number, { jpeg: jpegs[number] ?? Buffer.alloc(0), capturedAtMs });
}

describe('an object store that fails at random', () => {
  it.each([1, 2, 3])(
    'has each acknowledged frame once, with its line, and each gap once: seed %d',
    async (seed) => {
      const stub = await startS3Stub();
      const random = seededRandom(seed);
      const receivers = new Receivers(stub, random);
      const send = async <T>(work: (store: FrameStore) => Promise<T>): Promise<T> => {
        for (;;) {
          try {
            const result = await work(await receivers.any());
            // The acknowledgement is lost: the agent sends it again.
            if (random() >= 0.1) return result;
          } catch (error) {
            expect(error).toMatchObject({ code: 'STORE' });
          }
        }
      };
      failAtRandom(stub, random, 0.2);
      const numbers = jpegs.map((_, at) => at);
      const names = new Map<number, string>();
      const gaps = [100, 101, 102];
      await Promise.all([
        ...numbers.map(async (number) => {
          names.set(number, (await send((store) => store.put(frameAt(number)))).name);
        }),
        ...gaps.map((number) => send((store) => store.recordGap(gapOf(number)))),
      ]);
      stub.fault = () => undefined;
      expect(receivers.replaced).toBeGreaterThan(0);
      expect(new Set(names.values()).size).toBe(numbers.length);
      const captures = new BucketCaptures(clientOf(stub));
      const files = await captures.frames(day);
      expect(files.map(({ name }) => `${day}/${name}`)).toEqual([...names.values()].sort());
      for (const [number, name] of names) {
        expect(await captures.readFrame(name)).toEqual(frameAt(number).jpeg);
      }
      const lines = (await captures.readRecord(day)).toString().trimEnd().split('\n').map(readLine);
      const recorded = lines.flatMap((line) =>
        line?.kind === 'frame' ? [`${day}/${line.name}`] : [],
      );
      expect(recorded.sort()).toEqual([...names.values()].sort());
      expect(lines.filter((line) => line?.kind === 'line')).toHaveLength(gaps.length);
    },
  );
});

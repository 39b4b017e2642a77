/** Many cameras in this process, each the agent's own way from the spool to the receiver. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { SigningKey } from '../../../agent/uplink/keys/signing-key.js';
import type { CameraKey } from '../../../shared/keys/identity.js';
import { makeUniqueJpeg } from '../../support/pictures.js';
import { WireCamera } from '../../support/wire-camera.js';

const frameBytes = 100_000;
const frames = Array.from({ length: 32 }, () => makeUniqueJpeg(frameBytes));
/** Of all cameras and setups: a receiver keeps the first one that a camera has. */
const signing = makeSigningKey();
/** Without any acknowledgement for this time the bench ends with an error, as when the object store is full. */
const stalledMs = 90_000;

export class Cameras {
  readonly #cameras: readonly WireCamera[];
  #madeCount = 0;
  #acknowledgedAtMs = 0;

  private constructor(cameras: readonly WireCamera[]) {
    this.#cameras = cameras;
  }

  /** They begin to connect. */
  static async start(
    port: number,
    keys: readonly CameraKey[],
    isSecure: boolean,
  ): Promise<Cameras> {
    const signingKey = await signing;
    const made = keys.map((key) => {
      return new WireCamera({
        ...{ camera: key.camera, port, signing: signingKey, key: isSecure ? key : undefined },
      });
    });
    return new Cameras(made);
  }

  /** Each delivers a frame, all at once. */
  async deliverOneEach(): Promise<void> {
    await this.#unlessStalled(this.#cameras.map((camera) => this.#deliver(camera)));
  }

  /** So many frames of all cameras in turn, each camera with one under way: as fast as it goes. */
  async deliver(count: number): Promise<void> {
    const shares = this.#cameras.map((_, at) => this.#shareOf(at, count));
    await this.#unlessStalled(
      this.#cameras.map(async (camera, at) => {
        for (let sent = 0; sent < (shares[at] ?? 0); sent += 1) await this.#deliver(camera);
      }),
    );
  }

  /** So many frames of all cameras in turn, at this pace. @returns milliseconds to each acknowledgement */
  async deliverAtPace(count: number, perSecond: number): Promise<number[]> {
    const startMs = performance.now();
    const deliveries: Promise<number>[] = [];
    for (let at = 0; at < count; at += 1) {
      const camera = this.#cameras[at % this.#cameras.length];
      if (camera === undefined) break;
      const waitMs = startMs + (at / perSecond) * 1000 - performance.now();
      if (waitMs > 0) await delay(waitMs);
      deliveries.push(this.#deliver(camera));
    }
    return await this.#unlessStalled(deliveries);
  }

  #shareOf(at: number, count: number): number {
    const cameras = this.#cameras.length;
    return Math.floor(count / cameras) + (at < count % cameras ? 1 : 0);
  }

  async #deliver(camera: WireCamera): Promise<number> {
    this.#madeCount += 1;
    const jpeg = frames[this.#madeCount % frames.length] ?? makeUniqueJpeg(frameBytes);
    const startMs = performance.now();
    const delivered = new EventTarget();
    const happened = once(delivered, 'delivered');
    await camera.add(jpeg, Date.now(), () => delivered.dispatchEvent(new Event('delivered')));
    await happened;
    this.#acknowledgedAtMs = performance.now();
    return this.#acknowledgedAtMs - startMs;
  }

  /** @throws {Error} nothing is acknowledged any more */
  async #unlessStalled<T>(deliveries: readonly Promise<T>[]): Promise<T[]> {
    this.#acknowledgedAtMs = performance.now();
    const end = new AbortController();
    const watch = async (): Promise<never> => {
      for (;;) {
        await delay(1000, undefined, { signal: end.signal });
        if (performance.now() - this.#acknowledgedAtMs < stalledMs) continue;
        const waiting = this.#cameras.filter(({ waitingCount }) => waitingCount > 0);
        const said = waiting[0]?.lines.slice(-3).join('\n') ?? '';
        const seconds = stalledMs / 1000;
        throw new Error(
          `no frame acknowledged for ${seconds} s; ${waiting.length} cameras wait; the first one says:\n${said}`,
        );
      }
    };
    const watching = watch();
    watching.catch(() => undefined);
    try {
      return await Promise.race([Promise.all(deliveries), watching]);
    } finally {
      end.abort();
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.#cameras.map((camera) => camera.stop()));
  }
}

async function makeSigningKey(): Promise<SigningKey> {
  const state = mkdtempSync(join(tmpdir(), 'picchanged-bench-'));
  const key = await SigningKey.open(state);
  rmSync(state, { recursive: true });
  return key;
}

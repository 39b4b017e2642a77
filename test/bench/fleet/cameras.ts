/** Many cameras in this process, each the agent's own way from the spool to the receiver, with one frame under way. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SigningKey } from '../../../agent/uplink/keys/signing-key.js';
import type { CameraKey } from '../../../shared/keys/identity.js';
import { makeUniqueJpeg } from '../../support/pictures.js';
import { WireCamera } from '../../support/wire-camera.js';

const frameBytes = 100_000;
const frames = Array.from({ length: 32 }, () => makeUniqueJpeg(frameBytes));

export class Cameras {
  readonly #cameras: readonly WireCamera[];
  #madeCount = 0;

  private constructor(cameras: readonly WireCamera[]) {
    this.#cameras = cameras;
  }

  /** They begin to connect. */
  static async start(
    port: number,
    keys: readonly CameraKey[],
    isSecure: boolean,
  ): Promise<Cameras> {
    const state = mkdtempSync(join(tmpdir(), 'picchanged-bench-'));
    const signing = await SigningKey.open(state);
    rmSync(state, { recursive: true });
    const made = keys.map((key) => {
      return new WireCamera({
        ...{ camera: key.camera, port, signing, key: isSecure ? key : undefined },
      });
    });
    return new Cameras(made);
  }

  /** Each delivers so many frames, one after the other. @returns milliseconds to each acknowledgement */
  async deliver(count: number): Promise<number[]> {
    const times: number[] = [];
    await Promise.all(
      this.#cameras.map(async (camera) => {
        for (let sent = 0; sent < count; sent += 1) times.push(await this.#deliverOne(camera));
      }),
    );
    return times;
  }

  async #deliverOne(camera: WireCamera): Promise<number> {
    this.#madeCount += 1;
    const jpeg = frames[this.#madeCount % frames.length] ?? makeUniqueJpeg(frameBytes);
    const startMs = performance.now();
    const delivered = new EventTarget();
    const happened = once(delivered, 'delivered');
    await camera.add(jpeg, Date.now(), () => delivered.dispatchEvent(new Event('delivered')));
    await happened;
    return performance.now() - startMs;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#cameras.map((camera) => camera.stop()));
  }
}

/** The good camera, in a process of its own: a frame of 50 kB, its acknowledgement, a pause, the next one. */
import { setTimeout as delay } from 'node:timers/promises';
import { HonestCamera } from '../../hostile/honest-camera.js';
import { paddedJpeg, sha256Of } from '../../hostile/material.js';
import { answerParent } from './worker.js';

export interface CameraJob {
  readonly port: number;
  readonly camera: string;
  readonly keyId: string;
  readonly keyHex: string;
  readonly seconds: number;
}

export interface Waits {
  /** Of each frame, milliseconds; the last may not have come to an end. */
  readonly waitsMs: readonly number[];
  /** For its welcome, when it connects anew in the middle; undefined: it did not come to that. */
  readonly welcomeMs: number | undefined;
}

export interface Delivered {
  /** SHA-256 of every frame that was acknowledged. */
  readonly acknowledged: readonly string[];
  readonly unanswered: number;
}

export const frameBytes = 50_000;
const pauseMs = 50;
/** For the last frame, when the attack is over. */
const lastFrameMs = 30_000;

class GoodCamera {
  readonly acknowledged: string[] = [];
  readonly #honest: HonestCamera;
  readonly #halfMs: number;
  readonly #over = new AbortController();
  readonly #running: Promise<void>;
  #waitsMs: number[] = [];
  #welcomeMs: number | undefined;
  #isFinishing = false;
  #hasReconnected = true;
  #beganAtMs = Infinity;
  /** Since when a frame waits; undefined: none does. */
  #frameSinceMs: number | undefined;
  #connectingSinceMs: number | undefined;

  constructor({ port, camera, keyId, keyHex, seconds }: CameraJob) {
    const key = { camera, id: keyId, key: Buffer.from(keyHex, 'hex') };
    this.#honest = new HonestCamera({ port, camera, key: () => key, longestWaitMs: 1000 });
    this.#halfMs = seconds * 500;
    this.#running = this.#run().catch(() => undefined);
  }

  begin(): void {
    this.#waitsMs = [];
    this.#hasReconnected = false;
    this.#beganAtMs = performance.now();
  }

  end(): Waits {
    const now = performance.now();
    const [frame, welcome] = [this.#frameSinceMs, this.#connectingSinceMs];
    if (frame !== undefined) this.#waitsMs.push(now - Math.max(frame, this.#beganAtMs));
    if (welcome !== undefined) this.#welcomeMs = now - welcome;
    this.#beganAtMs = Infinity;
    return { waitsMs: this.#waitsMs, welcomeMs: this.#welcomeMs };
  }

  async finish(): Promise<Delivered> {
    this.#isFinishing = true;
    const deadline = setTimeout(() => this.#over.abort(), lastFrameMs);
    await this.#running;
    clearTimeout(deadline);
    this.#honest.disconnect();
    const unanswered = this.#frameSinceMs === undefined ? 0 : 1;
    return { acknowledged: this.acknowledged, unanswered };
  }

  async #run(): Promise<void> {
    for (let number = 0; !this.#isFinishing; number += 1) {
      await this.#shoot(number);
      await delay(pauseMs);
      const isHalf = performance.now() > this.#beganAtMs + this.#halfMs;
      if (isHalf && !this.#hasReconnected) await this.#reconnect();
    }
  }

  async #shoot(number: number): Promise<void> {
    const jpeg = paddedJpeg(`good ${number}`, frameBytes);
    const sinceMs = performance.now();
    this.#frameSinceMs = sinceMs;
    await this.#honest.deliver(jpeg, this.#over.signal);
    if (sinceMs >= this.#beganAtMs) this.#waitsMs.push(performance.now() - sinceMs);
    this.#frameSinceMs = undefined;
    this.acknowledged.push(sha256Of(jpeg));
  }

  async #reconnect(): Promise<void> {
    this.#hasReconnected = true;
    this.#honest.disconnect();
    const sinceMs = performance.now();
    this.#connectingSinceMs = sinceMs;
    await this.#honest.connect(this.#over.signal);
    this.#connectingSinceMs = undefined;
    if (this.#beganAtMs !== Infinity) this.#welcomeMs = performance.now() - sinceMs;
  }
}

export function runCamera(job: CameraJob): void {
  const camera = new GoodCamera(job);
  answerParent({
    /** Once it is welcome and warm. */
    ready: async () => {
      while (camera.acknowledged.length < 5) await delay(20);
    },
    begin: () => camera.begin(),
    end: () => camera.end(),
    finish: () => camera.finish(),
  });
}

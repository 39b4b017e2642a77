/**
 * A camera that is the agent's own way from the spool to a receiver: spool in memory, uplink, link, TLS, signatures; only
 * detection is left out. Many fit into one process.
 */
import { Uplink } from '../../agent/uplink/uplink.js';
import type { SigningKey } from '../../agent/uplink/keys/signing-key.js';
import { SpoolSet } from '../../agent/spool/spool-set.js';
import type { UplinkStatus } from '../../agent/uplink/uplink-states.js';
import { type Clock, systemClock } from '../../shared/clock.js';
import type { CameraKey } from '../../shared/keys/identity.js';
import { keptLog } from './log.js';
import { spoolSettings } from './spool-settings.js';
import { noStatus } from './uplink-status.js';

export interface WireCameraParts {
  readonly camera: string;
  readonly port: number;
  /** Undefined: in the clear. */
  readonly key?: CameraKey | undefined;
  readonly signing?: SigningKey | undefined;
  readonly status?: Partial<UplinkStatus>;
  readonly clock?: Clock;
}

export class WireCamera {
  readonly camera: string;
  readonly #spools: SpoolSet;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  /** Lines of the agent's log, without those of `--verbose`. */
  readonly lines: readonly string[];

  constructor({ camera, port, key, signing, status, clock = systemClock }: WireCameraParts) {
    this.camera = camera;
    const destination = { host: '127.0.0.1', port };
    this.#spools = SpoolSet.inMemory([destination], { ...spoolSettings, clock });
    const { log, lines } = keptLog();
    this.lines = lines;
    const uplink = new Uplink({
      ...{ destination, camera, signing, clock, spools: this.#spools, random: Math.random },
      log: { ...log, debug: () => undefined },
      ...{ status: { ...noStatus, ...status }, announces: false, reports: undefined },
      keys: { keysFor: () => Promise.resolve(key === undefined ? [] : [key]) },
    });
    this.#running = uplink.run(this.#stop.signal);
  }

  get waitingCount(): number {
    return this.#spools.waitingCount;
  }

  /** @param onDelivered called when the receiver has acknowledged it */
  async add(jpeg: Buffer, capturedAtMs: number, onDelivered: () => void): Promise<void> {
    const verdict = { reason: 'change' as const, ratio: 0.1, boxes: [] };
    await this.#spools.add({ jpeg, capturedAtMs, utcOffsetMinutes: 0, verdict, onDelivered });
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }
}

/**
 * Expiry of pairing codes. A code that is found expired is removed from its file and never accepted again by this
 * process, so that a clock that is set back does not make it valid.
 */
import type { Clock } from '../../../shared/clock.js';
import type { CameraFile } from './camera-file.js';
import type { KeyFolder } from './key-folder.js';

type Code = NonNullable<CameraFile['code']>;

export class CodeExpiry {
  readonly #folder: KeyFolder;
  readonly #clock: Clock;
  /** By code id: when it expires, on the monotonic clock. */
  readonly #deadlines = new Map<string, number>();
  readonly #removing = new Map<string, Promise<void>>();

  constructor(folder: KeyFolder, clock: Clock) {
    this.#folder = folder;
    this.#clock = clock;
  }

  /** True when the code has expired. */
  hasExpired(camera: string, code: Code): boolean {
    const nowMs = this.#clock.monotonicMs();
    const leftMs = code.expiresAtMs - this.#clock.nowMs();
    const deadlineMs = Math.min(this.#deadlines.get(code.id) ?? Infinity, nowMs + leftMs);
    this.#deadlines.set(code.id, deadlineMs);
    if (deadlineMs > nowMs) return false;
    this.#remove(camera, code.id);
    return true;
  }

  async settled(): Promise<void> {
    await Promise.all(this.#removing.values());
  }

  #remove(camera: string, codeId: string): void {
    if (this.#removing.has(codeId)) return;
    // A folder that cannot be written is tried once; the deadline in this process still holds.
    const removing = removeCode(this.#folder, camera, codeId).catch(() => undefined);
    this.#removing.set(codeId, removing);
  }
}

/** @throws {OperationalError} KEYS */
export async function removeCode(folder: KeyFolder, camera: string, codeId: string): Promise<void> {
  await folder.update(camera, (file) => {
    if (file.code?.id !== codeId) return file;
    const { paired, signer } = file;
    return paired === undefined && signer === undefined ? undefined : { paired, signer };
  });
}

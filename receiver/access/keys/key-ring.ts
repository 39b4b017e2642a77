/**
 * The keys as a receiver that serves sees them: whose an identity is, whether it still counts, and what a
 * proven key changes. The folder is looked at for every question, so that what is typed beside a running receiver
 * holds at once.
 */
import type { Clock } from '../../../shared/clock.js';
import { OperationalError } from '../../../shared/cli/errors.js';
import { readFleetKeys } from '../../../shared/keys/fleet-keys.js';
import { type CameraKey, pairingName, parseIdentity } from '../../../shared/keys/identity.js';
import { CodeExpiry } from './code-expiry.js';
import type { CameraFile, KeyFolder } from './key-folder.js';

/** Whom a key belongs to. */
export interface KeyHolder {
  readonly camera: string;
  /** Of the key, or of the code. */
  readonly id: string;
  /** True: it has a pairing code, and may pair and nothing else. */
  readonly isPairing: boolean;
}

export interface HeldKey {
  readonly holder: KeyHolder;
  readonly key: Buffer;
}

export class KeyRing {
  readonly #folder: KeyFolder;
  readonly #fleet: readonly CameraKey[];
  readonly #clock: Clock;
  readonly #expiry: CodeExpiry;
  /** Once closed, always closed: also when the folder vanishes while we run. */
  #hasClosed = false;

  private constructor(folder: KeyFolder, fleet: readonly CameraKey[], clock: Clock) {
    this.#folder = folder;
    this.#fleet = fleet;
    this.#clock = clock;
    this.#expiry = new CodeExpiry(folder, clock);
  }

  /** @throws {OperationalError} KEYS: a key cannot be read, so that who is heard is not known */
  static async open(
    folder: KeyFolder,
    credentialsDirectory: string | undefined,
    clock: Clock,
  ): Promise<KeyRing> {
    folder.cameras();
    const ring = new KeyRing(folder, await readFleetKeys(credentialsDirectory), clock);
    ring.isClosed();
    ring.hasCodes();
    return ring;
  }

  /** True: only who has a key is heard. @throws {OperationalError} KEYS: the folder cannot be read */
  isClosed(): boolean {
    this.#hasClosed ||= this.#fleet.length > 0 || this.#folder.isClosed();
    return this.#hasClosed;
  }

  /** Cameras that are heard. @throws {OperationalError} KEYS */
  cameras(): string[] {
    const paired = this.#folder.cameras().filter(({ file }) => file.paired !== undefined);
    const names = [...paired, ...this.#fleet].map(({ camera }) => camera);
    return [...new Set(names)].sort();
  }

  /** True when only this camera's key opens its name. @throws {OperationalError} KEYS */
  isPaired(camera: string): boolean {
    if (this.#fleet.some((each) => each.camera === camera)) return true;
    return this.#folder.read(camera)?.paired !== undefined;
  }

  /** True while somebody is expected with a code. @throws {OperationalError} KEYS */
  hasCodes(): boolean {
    const cameras = this.#folder.camerasWithCode();
    return cameras.some((camera) => this.#codeOf(camera) !== undefined);
  }

  /** The key that an identity names; undefined: nobody's. @throws {OperationalError} KEYS */
  find(identityText: string): HeldKey | undefined {
    const identity = parseIdentity(identityText);
    if (identity === undefined) return undefined;
    const { name, keyId } = identity;
    return (name === pairingName ? this.#findCode(keyId) : undefined) ?? this.#findKey(name, keyId);
  }

  /** Whether it is still heard: its key may have been taken back or changed. Never throws. */
  isStillValid({ camera, id, isPairing }: KeyHolder): boolean {
    try {
      const held = isPairing ? this.#findCode(id) : this.#findKey(camera, id);
      return held !== undefined;
    } catch {
      return false; // what cannot be read is no key
    }
  }

  /**
   * Keeps the key that was agreed on over a code. The code stays good until somebody proves this key.
   * @throws {OperationalError} KEYS: it is not kept
   */
  async offer(holder: KeyHolder, { id, key }: CameraKey): Promise<void> {
    await this.#folder.update(holder.camera, (file) => {
      if (file.code?.id !== holder.id)
        throw new OperationalError('KEYS', 'the code was taken back');
      return { ...file, code: { ...file.code, pending: { id, key: key.toString('hex') } } };
    });
  }

  /**
   * A camera has proven that it has this key. A new one becomes the camera's: the code is used up, and the
   * key from before ends.
   * @returns true when it was a new one
   * @throws {OperationalError} KEYS
   */
  async confirmKey({ camera, id }: KeyHolder): Promise<boolean> {
    if (this.#folder.read(camera)?.code?.pending?.id !== id) return false;
    const pairedAtMs = this.#clock.nowMs();
    await this.#folder.update(camera, (file) => {
      const pending = file.code?.pending;
      // Proven twice at once, or taken back.
      return pending?.id === id ? { paired: { ...pending, pairedAtMs } } : file;
    });
    this.#hasClosed = true;
    return true;
  }

  /** Resolves when no code that has expired is left in a file, as far as that can be done. Never rejects. */
  settled(): Promise<void> {
    return this.#expiry.settled();
  }

  /** Notes that a camera is here, for people. @throws a system error */
  async noteSeen(camera: string, from: string): Promise<void> {
    // A fleet's camera has no file here, perhaps not even a folder.
    if (this.#folder.read(camera) === undefined) return;
    await this.#folder.noteSeen(camera, { atMs: this.#clock.nowMs(), from });
  }

  #findCode(codeId: string): HeldKey | undefined {
    for (const camera of this.#folder.camerasWithCode()) {
      const code = this.#codeOf(camera);
      if (code?.id !== codeId) continue;
      const holder = { camera, id: codeId, isPairing: true };
      return { holder, key: Buffer.from(code.key, 'hex') };
    }
    return undefined;
  }

  #findKey(camera: string, id: string): HeldKey | undefined {
    const holder = { camera, id, isPairing: false };
    const file = this.#folder.read(camera);
    const pending = this.#codeOf(camera)?.pending;
    const entry = [file?.paired, pending].find((each) => each?.id === id);
    if (entry !== undefined) return { holder, key: Buffer.from(entry.key, 'hex') };
    const fleetKey = this.#fleet.find((each) => each.camera === camera && each.id === id);
    return fleetKey && { holder, key: fleetKey.key };
  }

  #codeOf(camera: string): CameraFile['code'] {
    const code = this.#folder.read(camera)?.code;
    return code === undefined || this.#expiry.isOver(camera, code) ? undefined : code;
  }
}

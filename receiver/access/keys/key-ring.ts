/**
 * The keys for a running receiver: which camera an identity belongs to, whether it is still valid, and what a proven
 * key changes. Each call checks the folder, so that a command typed beside a running receiver takes effect at once.
 */
import type { Clock } from '../../../shared/clock.js';
import { OperationalError } from '../../../shared/cli/errors.js';
import { readFleetKeys } from '../../../shared/keys/fleet-keys.js';
import { type CameraKey, pairingName, parseIdentity } from '../../../shared/keys/identity.js';
import { naturalOrder } from '../../../shared/natural-order.js';
import { CodeExpiry } from './code-expiry.js';
import type { CameraFile } from './camera-file.js';
import type { KeyFolder } from './key-folder.js';

/** The camera that a key belongs to. */
export interface KeyHolder {
  readonly camera: string;
  /** Id of the key, or of the code. */
  readonly id: string;
  /** True: the key is that of a pairing code, which may pair and do nothing else. */
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
  /** Once closed, always closed: also when the folder vanishes while the receiver runs. */
  #hasClosed = false;

  private constructor(folder: KeyFolder, fleet: readonly CameraKey[], clock: Clock) {
    this.#folder = folder;
    this.#fleet = fleet;
    this.#clock = clock;
    this.#expiry = new CodeExpiry(folder, clock);
  }

  /** @throws {OperationalError} KEYS: a key cannot be read, so that access cannot be decided */
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

  /** True: only peers with a key are accepted. @throws {OperationalError} KEYS: the folder cannot be read */
  isClosed(): boolean {
    this.#hasClosed ||= this.#fleet.length > 0 || this.#folder.isClosed();
    return this.#hasClosed;
  }

  /** Cameras that have a key. @throws {OperationalError} KEYS */
  cameras(): string[] {
    const paired = this.#folder.cameras().filter(({ file }) => file.paired !== undefined);
    const names = [...paired, ...this.#fleet].map(({ camera }) => camera);
    return [...new Set(names)].sort(naturalOrder);
  }

  /** True when this camera's name needs its key. @throws {OperationalError} KEYS */
  isPaired(camera: string): boolean {
    if (this.#fleet.some((key) => key.camera === camera)) return true;
    return this.#folder.read(camera)?.paired !== undefined;
  }

  /** True while a pairing code is valid. @throws {OperationalError} KEYS */
  hasCodes(): boolean {
    const cameras = this.#folder.camerasWithCode();
    return cameras.some((camera) => this.#codeOf(camera) !== undefined);
  }

  /** The key that an identity names; undefined: there is none. @throws {OperationalError} KEYS */
  find(identityText: string): HeldKey | undefined {
    const identity = parseIdentity(identityText);
    if (identity === undefined) return undefined;
    const { name, keyId } = identity;
    return (name === pairingName ? this.#findCode(keyId) : undefined) ?? this.#findKey(name, keyId);
  }

  /** False when its key was revoked or changed. Never throws. */
  isStillValid({ camera, id, isPairing }: KeyHolder): boolean {
    try {
      const held = isPairing ? this.#findCode(id) : this.#findKey(camera, id);
      return held !== undefined;
    } catch {
      return false; // a key that cannot be read counts as none
    }
  }

  /**
   * Stores the key that was agreed on over a code. The code stays valid until this key is proven.
   * @param publicKey of the camera's signatures; it is pinned when the key is proven
   * @throws {OperationalError} KEYS: the key is not stored
   */
  async offer(holder: KeyHolder, { id, key }: CameraKey, publicKey?: string): Promise<void> {
    await this.#folder.update(holder.camera, (file) => {
      if (file.code?.id !== holder.id)
        throw new OperationalError('KEYS', 'the pairing code was revoked');
      const pending = { id, key: key.toString('hex'), publicKey };
      return { ...file, code: { ...file.code, pending } };
    });
  }

  /**
   * A camera has proven this key. A pending key becomes the camera's key: the code is used up, and the previous key
   * is no longer valid.
   * @returns true when the key was pending
   * @throws {OperationalError} KEYS
   */
  async confirmKey({ camera, id }: KeyHolder): Promise<boolean> {
    if (this.#folder.read(camera)?.code?.pending?.id !== id) return false;
    const pairedAtMs = this.#clock.nowMs();
    await this.#folder.update(camera, (file) => {
      const { pending } = file.code ?? {};
      // Otherwise proven on another connection at the same time, or revoked.
      if (pending?.id !== id) return file;
      const { key, publicKey } = pending;
      const signer = publicKey === undefined ? undefined : { publicKey, pinnedAtMs: pairedAtMs };
      return { paired: { id, key, pairedAtMs }, signer };
    });
    this.#hasClosed = true;
    return true;
  }

  /** The pinned key of a camera's signatures, PEM; undefined: none is pinned. @throws {OperationalError} KEYS */
  signerOf(camera: string): string | undefined {
    return this.#folder.read(camera)?.signer?.publicKey;
  }

  /**
   * Pins the first key of a camera that was paired before its agent could sign.
   * @returns the pinned key, PEM @throws {OperationalError} KEYS
   */
  async pinSigner(camera: string, publicKey: string): Promise<string> {
    const pinnedAtMs = this.#clock.nowMs();
    let pinned = publicKey;
    await this.#folder.update(camera, (file) => {
      pinned = file.signer?.publicKey ?? publicKey;
      return file.signer === undefined ? { ...file, signer: { publicKey, pinnedAtMs } } : file;
    });
    return pinned;
  }

  /** Resolves when the removal of expired codes has ended, successful or not. Never rejects. */
  settled(): Promise<void> {
    return this.#expiry.settled();
  }

  /** Writes a camera's last-seen time and address, for display only. @throws a system error */
  async noteSeen(camera: string, from: string): Promise<void> {
    // A camera with a fleet key has no file here; there may be no folder either.
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
    const entry = [file?.paired, pending].find((key) => key?.id === id);
    if (entry !== undefined) return { holder, key: Buffer.from(entry.key, 'hex') };
    const fleetKey = this.#fleet.find((key) => key.camera === camera && key.id === id);
    return fleetKey && { holder, key: fleetKey.key };
  }

  #codeOf(camera: string): CameraFile['code'] {
    const code = this.#folder.read(camera)?.code;
    return code === undefined || this.#expiry.hasExpired(camera, code) ? undefined : code;
  }
}

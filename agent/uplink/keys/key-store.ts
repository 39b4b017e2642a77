/**
 * The agent's keys: in its state folder `keys/<receiver id>.json` (0600), with every spelling of that
 * receiver's address that was paired with. Fleet keys stand beside them. Read anew for each connection, so
 * that what `agent pair` writes holds for an agent that runs.
 */
import { join } from 'node:path';
import * as v from 'valibot';
import { type Destination, formatAddress } from '../../../shared/cli/address.js';
import { isCameraName } from '../../../shared/protocol/camera-name.js';
import { OperationalError, systemCode } from '../../../shared/cli/errors.js';
import { readFleetKeys } from '../../../shared/keys/fleet-keys.js';
import { type CameraKey, keyHexPattern, keyIdPattern } from '../../../shared/keys/identity.js';
import { PrivateFolder, withFolder } from '../../../shared/files/private-file.js';
import type { PairedMark, Pledge } from './paired-mark.js';

const receiverFile = v.object({
  /** `laptop:4444`, in lower case. */
  hosts: v.array(v.string()),
  /** Newest first; the one before is kept until the receiver has been seen to know the new one. */
  keys: v.array(
    v.object({
      camera: v.pipe(v.string(), v.check(isCameraName)),
      id: v.pipe(v.string(), v.regex(keyIdPattern)),
      key: v.pipe(v.string(), v.regex(keyHexPattern)),
      /** The code that it was agreed on with, until it is proven. */
      codeId: v.optional(v.string()),
    }),
  ),
});
type ReceiverFile = v.InferOutput<typeof receiverFile>;

const fileName = /^([0-9a-f]{32})\.json$/;

/** A key that was agreed on, and that the receiver has not been seen to know yet. */
export interface Unproven {
  readonly receiverId: string;
  readonly key: CameraKey;
}

export interface Pairing {
  /** Every spelling of the receiver's address that was typed: `laptop:4444`. */
  readonly hosts: readonly string[];
  readonly camera: string | undefined;
}

/** It was paired, and its keys are not there: it does not connect. */
export class KeysMissing extends OperationalError {
  constructor(folder: string, { why, wayBack }: Pledge) {
    const message = `this agent is paired (${why}), and there is no key in ${folder}: nothing is sent in the clear`;
    const hint =
      'is the disk of that folder mounted? Put the keys back, or pair again; ' +
      `to send in the clear again, ${wayBack}`;
    super('KEYS', message, { hint });
    this.name = 'KeysMissing';
  }
}

export class KeyStore {
  readonly #folder: string;
  readonly #credentialsDirectory: string | undefined;
  readonly #mark: Pick<PairedMark, 'pledge'> | undefined;
  #hasHadKeys = false;

  /**
   * @param stateDirectory the agent's own @param credentialsDirectory `$CREDENTIALS_DIRECTORY`
   * @param mark whether it was ever paired; undefined: nobody speaks in the clear for having no keys here
   */
  constructor(
    stateDirectory: string,
    credentialsDirectory: string | undefined,
    mark?: Pick<PairedMark, 'pledge'>,
  ) {
    this.#folder = join(stateDirectory, 'keys');
    this.#credentialsDirectory = credentialsDirectory;
    this.#mark = mark;
  }

  /**
   * The keys to try with a receiver, best first. When its address is not one that was paired with, it may be
   * another spelling: then all that there are. None at all: this agent was never paired, and speaks clear.
   * @param camera whose fleet keys are meant
   * @throws {OperationalError} KEYS: a key may be there and cannot be read
   * @throws {KeysMissing} it was paired, and no key is there
   */
  async keysFor(destination: Destination, camera: string): Promise<readonly CameraKey[]> {
    const keys = await this.#find(destination, camera);
    if (keys.length === 0) await this.#checkNeverPaired();
    else this.#hasHadKeys = true;
    return keys;
  }

  /** Which receivers it is paired with, and under which name. @throws {OperationalError} KEYS */
  async pairings(): Promise<readonly Pairing[]> {
    const files = [...(await this.#read()).values()];
    return files.map(({ hosts, keys }) => ({ hosts, camera: keys[0]?.camera }));
  }

  /** A key that an earlier try with this code has left. @throws {OperationalError} KEYS */
  async findUnproven(codeId: string): Promise<Unproven | undefined> {
    for (const [receiverId, { keys }] of await this.#read()) {
      const found = keys.find((key) => key.codeId === codeId);
      if (found !== undefined) return { receiverId, key: fromFile(found) };
    }
    return undefined;
  }

  /** Keeps a new key beside the one before it. @throws {OperationalError} KEYS */
  async keep(
    { receiverId, key }: Unproven,
    destination: Destination,
    codeId: string,
  ): Promise<void> {
    const host = nameOf(destination);
    const files = await this.#read();
    const before = files.get(receiverId);
    const hosts = [...new Set([...(before?.hosts ?? []), host])];
    const proven = before?.keys.filter((each) => each.codeId === undefined) ?? [];
    const { camera, id } = key;
    const added = { camera, id, key: key.key.toString('hex'), codeId };
    await this.#write(receiverId, { hosts, keys: [added, ...proven] });
    // Another receiver has taken the place of one that was there.
    for (const [otherId, other] of files) {
      if (otherId === receiverId || !other.hosts.includes(host)) continue;
      const left = other.hosts.filter((each) => each !== host);
      if (left.length > 0) await this.#write(otherId, { ...other, hosts: left });
      else await this.#change((folder) => folder.remove(nameFor(otherId)));
    }
  }

  /** The receiver knows this key: the ones before it go. @throws {OperationalError} KEYS */
  async prove({ receiverId, key }: Unproven): Promise<void> {
    const file = (await this.#read()).get(receiverId);
    const found = file?.keys.find(({ id }) => id === key.id);
    if (file === undefined || found === undefined) return;
    const { camera, id } = found;
    await this.#write(receiverId, { ...file, keys: [{ camera, id, key: found.key }] });
  }

  async #find(destination: Destination, camera: string): Promise<readonly CameraKey[]> {
    const files = [...(await this.#read()).values()];
    const named = files.filter(({ hosts }) => hosts.includes(nameOf(destination)));
    const own = (named.length > 0 ? named : files).flatMap(({ keys }) => keys.map(fromFile));
    if (named.length > 0) return own;
    const fleet = await readFleetKeys(this.#credentialsDirectory);
    return [...own, ...fleet.filter((each) => each.camera === camera)];
  }

  async #checkNeverPaired(): Promise<void> {
    const pledge = this.#hasHadKeys
      ? { why: 'it had keys before', wayBack: 'start it again' }
      : await this.#mark?.pledge();
    if (pledge !== undefined) throw new KeysMissing(this.#folder, pledge);
  }

  async #read(): Promise<Map<string, ReceiverFile>> {
    try {
      return await withFolder(PrivateFolder.open(this.#folder), (folder) => this.#readIn(folder));
    } catch (cause) {
      if (cause instanceof OperationalError) throw cause;
      if (systemCode(cause) === 'ENOENT') return new Map();
      throw keysError(`cannot read the keys in ${this.#folder}`, cause);
    }
  }

  async #readIn(folder: PrivateFolder): Promise<Map<string, ReceiverFile>> {
    const files = new Map<string, ReceiverFile>();
    for (const name of (await folder.names()).sort()) {
      const receiverId = fileName.exec(name)?.[1];
      if (receiverId === undefined) continue;
      try {
        files.set(receiverId, v.parse(receiverFile, JSON.parse(await folder.read(name))));
      } catch (cause) {
        if (systemCode(cause) === 'ENOENT') continue; // removed meanwhile
        // A parser quotes what it reads, and here that is a key.
        const path = join(this.#folder, name);
        throw keysError(`cannot use the key in ${path}: ${systemCode(cause) ?? 'it is damaged'}`);
      }
    }
    return files;
  }

  async #change(work: (folder: PrivateFolder) => Promise<void>): Promise<void> {
    try {
      await withFolder(PrivateFolder.make(this.#folder), work);
    } catch (cause) {
      throw keysError(`cannot keep a key in ${this.#folder}`, cause);
    }
  }

  async #write(receiverId: string, file: ReceiverFile): Promise<void> {
    await this.#change((folder) => folder.write(nameFor(receiverId), `${JSON.stringify(file)}\n`));
  }
}

const nameFor = (receiverId: string): string => `${receiverId}.json`;

function fromFile({ camera, id, key }: ReceiverFile['keys'][number]): CameraKey {
  return { camera, id, key: Buffer.from(key, 'hex') };
}

function nameOf({ host, port }: Destination): string {
  return formatAddress(host.toLowerCase(), port);
}

function keysError(message: string, cause?: unknown): OperationalError {
  const isLink = ['ELOOP', 'ENOTDIR'].includes(systemCode(cause) ?? '');
  const hint = isLink
    ? 'a link is in the way, and none is followed there: put a folder or a file in its place'
    : 'let the user that the agent runs as use it; if it is damaged, remove it and pair again';
  return new OperationalError('KEYS', message, { cause, hint });
}

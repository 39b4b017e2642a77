/**
 * The agent's keys: `keys/<receiver id>.json` (0600) in its state directory, with every address of that receiver
 * that was used for pairing. Fleet keys are read from the credentials directory. Keys are read again for each
 * connection, so that `agent pair` takes effect in a running agent.
 */
import { join } from 'node:path';
import * as v from 'valibot';
import { type Destination, formatAddress } from '../../../shared/cli/address.js';
import { isCameraName } from '../../../shared/protocol/camera-name.js';
import { OperationalError, systemCode } from '../../../shared/cli/errors.js';
import { readFleetKeys } from '../../../shared/keys/fleet-keys.js';
import { type CameraKey, keyHexPattern, keyIdPattern } from '../../../shared/keys/identity.js';
import { PrivateFolder, withFolder } from '../../../shared/files/private-file.js';
import type { EncryptionRequirement, PairedMark } from './paired-mark.js';

const receiverFile = v.object({
  /** `laptop:4444`, in lower case. */
  hosts: v.array(v.string()),
  /** Newest first; the previous key is kept until a connection with the new key has succeeded. */
  keys: v.array(
    v.object({
      camera: v.pipe(v.string(), v.check(isCameraName)),
      id: v.pipe(v.string(), v.regex(keyIdPattern)),
      key: v.pipe(v.string(), v.regex(keyHexPattern)),
      /** Id of the pairing code, until the key is proven. */
      codeId: v.optional(v.string()),
    }),
  ),
});
type ReceiverFile = v.InferOutput<typeof receiverFile>;

const fileName = /^([0-9a-f]{32})\.json$/;

/** A key that was agreed on; no connection with it has succeeded yet. */
export interface Unproven {
  readonly receiverId: string;
  readonly key: CameraKey;
}

export interface Pairing {
  /** Every address of the receiver that was used for pairing: `laptop:4444`. */
  readonly hosts: readonly string[];
  readonly camera: string | undefined;
}

/** The agent was paired and its keys are missing: it does not connect. */
export class KeysMissing extends OperationalError {
  constructor(folder: string, { reason, howToLift }: EncryptionRequirement) {
    const message = `no key in ${folder}, and this agent is paired (${reason}): nothing is sent in the clear`;
    const hint =
      'check that the disk of this folder is mounted; restore the keys or pair again; ' +
      `to send in the clear again, ${howToLift}`;
    super('KEYS', message, { hint });
    this.name = 'KeysMissing';
  }
}

export class KeyStore {
  readonly #folder: string;
  readonly #credentialsDirectory: string | undefined;
  readonly #mark: Pick<PairedMark, 'requirement'> | undefined;
  #hasHadKeys = false;

  /**
   * @param stateDirectory of this agent @param credentialsDirectory `$CREDENTIALS_DIRECTORY`
   * @param mark whether the agent was ever paired; undefined: missing keys are no error
   */
  constructor(
    stateDirectory: string,
    credentialsDirectory: string | undefined,
    mark?: Pick<PairedMark, 'requirement'>,
  ) {
    this.#folder = join(stateDirectory, 'keys');
    this.#credentialsDirectory = credentialsDirectory;
    this.#mark = mark;
  }

  /**
   * The keys to try with a receiver, best first. An address that was not used for pairing may be another address of a
   * paired receiver: then all keys. No keys: the agent was never paired and connects unencrypted.
   * @param camera the camera of the fleet keys
   * @throws {OperationalError} KEYS: a key cannot be read
   * @throws {KeysMissing} the agent was paired and has no key
   */
  async keysFor(destination: Destination, camera: string): Promise<readonly CameraKey[]> {
    const keys = await this.#find(destination, camera);
    if (keys.length === 0) await this.#checkNeverPaired();
    else this.#hasHadKeys = true;
    return keys;
  }

  /** The receivers that this agent is paired with, and its camera name there. @throws {OperationalError} KEYS */
  async pairings(): Promise<readonly Pairing[]> {
    const files = [...(await this.#read()).values()];
    return files.map(({ hosts, keys }) => ({ hosts, camera: keys[0]?.camera }));
  }

  /** The key of an earlier, unfinished pairing with this code. @throws {OperationalError} KEYS */
  async findUnproven(codeId: string): Promise<Unproven | undefined> {
    for (const [receiverId, { keys }] of await this.#read()) {
      const found = keys.find((key) => key.codeId === codeId);
      if (found !== undefined) return { receiverId, key: fromFile(found) };
    }
    return undefined;
  }

  /** Stores a new key beside the previous one. @throws {OperationalError} KEYS */
  async keep(
    { receiverId, key }: Unproven,
    destination: Destination,
    codeId: string,
  ): Promise<void> {
    const host = nameOf(destination);
    const files = await this.#read();
    const previous = files.get(receiverId);
    const hosts = [...new Set([...(previous?.hosts ?? []), host])];
    const proven = previous?.keys.filter(({ codeId }) => codeId === undefined) ?? [];
    const { camera, id } = key;
    const added = { camera, id, key: key.key.toString('hex'), codeId };
    await this.#write(receiverId, { hosts, keys: [added, ...proven] });
    // This address now belongs to another receiver: it is removed from the former one.
    for (const [otherId, other] of files) {
      if (otherId === receiverId || !other.hosts.includes(host)) continue;
      const otherHosts = other.hosts.filter((otherHost) => otherHost !== host);
      if (otherHosts.length > 0) await this.#write(otherId, { ...other, hosts: otherHosts });
      else await this.#change((folder) => folder.remove(nameFor(otherId)));
    }
  }

  /** Removes the keys of the receiver with this address, for all of its addresses. @throws {OperationalError} KEYS */
  async remove(destination: Destination): Promise<void> {
    const host = nameOf(destination);
    for (const [receiverId, { hosts }] of await this.#read()) {
      if (!hosts.includes(host)) continue;
      await this.#change((folder) => folder.remove(nameFor(receiverId)));
    }
  }

  /** A connection with this key has succeeded: removes the previous keys. @throws {OperationalError} KEYS */
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
    const paired = (named.length > 0 ? named : files).flatMap(({ keys }) => keys.map(fromFile));
    if (named.length > 0) return paired;
    const fleet = await readFleetKeys(this.#credentialsDirectory);
    return [...paired, ...fleet.filter((key) => key.camera === camera)];
  }

  async #checkNeverPaired(): Promise<void> {
    const requirement = this.#hasHadKeys
      ? { reason: 'it had keys since its start', howToLift: 'restart the agent' }
      : await this.#mark?.requirement();
    if (requirement !== undefined) throw new KeysMissing(this.#folder, requirement);
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
        // Without the cause: the parser's message quotes the input, which is a key.
        const path = join(this.#folder, name);
        throw keysError(
          `cannot use the key in ${path}: ${systemCode(cause) ?? 'invalid contents'}`,
        );
      }
    }
    return files;
  }

  async #change(work: (folder: PrivateFolder) => Promise<void>): Promise<void> {
    try {
      await withFolder(PrivateFolder.make(this.#folder), work);
    } catch (cause) {
      throw keysError(`cannot write a key to ${this.#folder}`, cause);
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
    ? 'symbolic links are not followed here: replace the link by a folder or a file'
    : "give the agent's user access; if the file is damaged, remove it and pair again";
  return new OperationalError('KEYS', message, { cause, hint });
}

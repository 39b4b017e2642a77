/**
 * The first message of a TLS connection (RFC 8446, section 4.1.2), read before OpenSSL reads it: only what an
 * agent sends is handed on. That is one TLS record of limited size, which holds one ClientHello for TLS 1.3 with
 * one pre-shared key. OpenSSL asks for a key for each identity that is offered, up to 1,480 of them. Pure.
 */
import { type Identity, parseIdentity } from '../../shared/keys/identity.js';
import { maxClientHelloBytes } from '../limits/receiver-limits.js';

export type ClientHello =
  /** It may still become one. */
  | { readonly kind: 'partial' }
  /** @see Identity: well-formed, and not known to be anybody's */
  | { readonly kind: 'whole'; readonly identity: Identity }
  | { readonly kind: 'refused'; readonly reason: string };

const recordHeaderBytes = 5;
const handshakeRecord = 22;
const clientHelloMessage = 1;
const tls12 = 0x0303;
const tls13 = 0x0304;

/** Of TLS 1.3: those that go with SHA-256, and so with a key that was given. */
const suites = [0x1301, 0x1303];
/** X25519 and P-256, as in `tlsSettings`: with another one OpenSSL would ask for a second ClientHello. */
const groups = [0x001d, 0x0017];
const pskWithKeyShare = 1;
/** A SHA-256 hash. */
const binderBytes = 32;

const extensionTypes = {
  preSharedKey: 41,
  earlyData: 42,
  supportedVersions: 43,
  keyExchangeModes: 45,
  keyShare: 51,
} as const;

/** @param bytes everything that was read so far; any bytes at all */
export function readClientHello(bytes: Buffer): ClientHello {
  try {
    return readRecord(bytes);
  } catch (error) {
    if (error instanceof Refusal) return { kind: 'refused', reason: error.message };
    throw error;
  }
}

/** Why it is not an agent's. Only `readClientHello` catches it. */
class Refusal extends Error {}

function check(holds: boolean, reason: string): asserts holds {
  if (!holds) throw new Refusal(reason);
}

function readRecord(bytes: Buffer): ClientHello {
  check(bytes.length === 0 || bytes[0] === handshakeRecord, 'it is no TLS handshake');
  check(bytes.length < 2 || bytes[1] === 3, 'it is no TLS handshake');
  // 1.0 for old middleboxes, or 1.2: the version that counts is in an extension.
  check(bytes.length < 3 || [1, 3].includes(bytes[2] ?? 0), 'its record has an unknown version');
  if (bytes.length < recordHeaderBytes) return { kind: 'partial' };
  const end = recordHeaderBytes + bytes.readUInt16BE(3);
  check(end <= maxClientHelloBytes, `its first record is longer than ${maxClientHelloBytes} bytes`);
  check(bytes.length <= end, 'it does not wait for an answer to its first record');
  if (bytes.length > recordHeaderBytes) {
    check(bytes[recordHeaderBytes] === clientHelloMessage, 'its first message is no ClientHello');
  }
  if (bytes.length < end) return { kind: 'partial' };
  const record = new Reader(bytes.subarray(recordHeaderBytes, end));
  record.uint(1);
  const message = record.vector(3);
  check(record.isAtEnd, 'its first record holds more than a ClientHello');
  return { kind: 'whole', identity: readMessage(message) };
}

function readMessage(message: Reader): Identity {
  const randomBytes = 32;
  check(message.uint(2) === tls12, 'its TLS is older than 1.3');
  message.take(randomBytes);
  message.vector(1); // the session id, which means nothing in TLS 1.3
  check(overlaps(message.vector(2).uints(2), suites), 'it offers no cipher that is used here');
  check(message.vector(1).uints(1).join() === '0', 'it asks for compression');
  check(!message.isAtEnd, 'its TLS is older than 1.3');
  const extensions = readExtensions(message.vector(2));
  check(message.isAtEnd, 'its ClientHello goes on after its extensions');

  const versions = extensions.get(extensionTypes.supportedVersions)?.vector(1).uints(2) ?? [];
  check(versions.includes(tls13), 'its TLS is older than 1.3');
  check(!extensions.has(extensionTypes.earlyData), 'it sends early data');
  const keys = extensions.get(extensionTypes.preSharedKey);
  check(keys !== undefined, 'it offers no key');
  // RFC 8446, section 4.2.11: it must be, since the binder covers everything before it.
  check(
    [...extensions.keys()].at(-1) === extensionTypes.preSharedKey,
    'its key is not offered last',
  );
  const modes = extensions.get(extensionTypes.keyExchangeModes)?.vector(1).uints(1) ?? [];
  check(modes.includes(pskWithKeyShare), 'it would use its key without a key exchange');
  const shares = extensions.get(extensionTypes.keyShare);
  check(
    shares !== undefined && overlaps(readShares(shares.vector(2)), groups),
    'it has no key share of a group that is used here',
  );
  return readIdentity(keys);
}

function readExtensions(reader: Reader): ReadonlyMap<number, Reader> {
  const extensions = new Map<number, Reader>();
  while (!reader.isAtEnd) {
    const type = reader.uint(2);
    check(!extensions.has(type), 'it has an extension twice');
    extensions.set(type, reader.vector(2));
  }
  return extensions;
}

/** @returns the groups of the key shares */
function readShares(reader: Reader): readonly number[] {
  const found: number[] = [];
  while (!reader.isAtEnd) {
    found.push(reader.uint(2));
    reader.vector(2);
  }
  return found;
}

function readIdentity(extension: Reader): Identity {
  const ageBytes = 4;
  const identities = extension.vector(2);
  const name = identities.vector(2);
  identities.take(ageBytes);
  check(identities.isAtEnd, 'it offers more than one key');
  const binders = extension.vector(2);
  check(binders.vector(1).length === binderBytes, 'its binder is no SHA-256');
  check(binders.isAtEnd && extension.isAtEnd, 'it has more than one binder');
  const identity = parseIdentity(name.text());
  check(identity !== undefined, 'the name of its key is not CAMERA.ID');
  return identity;
}

function overlaps(offered: readonly number[], used: readonly number[]): boolean {
  return offered.some((each) => used.includes(each));
}

/** Numbers and vectors, one after the other. */
class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get length(): number {
    return this.#bytes.length;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  take(byteCount: number): Buffer {
    const end = this.#at + byteCount;
    check(end <= this.#bytes.length, 'its ClientHello is cut short');
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }

  uint(byteCount: number): number {
    return this.take(byteCount).readUIntBE(0, byteCount);
  }

  /** What follows a length of so many bytes. */
  vector(lengthBytes: number): Reader {
    return new Reader(this.take(this.uint(lengthBytes)));
  }

  /** All that is left, as numbers. */
  uints(byteCount: number): readonly number[] {
    const found: number[] = [];
    while (!this.isAtEnd) found.push(this.uint(byteCount));
    return found;
  }

  text(): string {
    return this.#bytes.toString('latin1');
  }
}

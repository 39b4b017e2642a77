/**
 * The first message of a TLS connection (RFC 8446, section 4.1.2), read before OpenSSL reads it. Only what an agent
 * sends is passed on: one TLS record of limited size with one ClientHello for TLS 1.3 and one pre-shared key.
 * OpenSSL would look up a key for each offered identity, up to 1,480 of them. Pure.
 */
import { type Identity, parseIdentity } from '../../shared/keys/identity.js';
import { maxClientHelloBytes } from '../limits/receiver-limits.js';

export type ClientHello =
  /** More bytes are needed. */
  | { readonly kind: 'partial' }
  /** @see Identity: well-formed; whether it has a key is not checked */
  | { readonly kind: 'whole'; readonly identity: Identity }
  | { readonly kind: 'refused'; readonly reason: string };

const recordHeaderBytes = 5;
const handshakeRecord = 22;
const clientHelloMessage = 1;
const tls12 = 0x0303;
const tls13 = 0x0304;
const tooOld = 'TLS is older than 1.3';

/** TLS 1.3 cipher suites with SHA-256, the hash of an external pre-shared key. */
const suites = [0x1301, 0x1303];
/** X25519 and P-256, as in `tlsSettings`: for another group OpenSSL would request a second ClientHello. */
const groups = [0x001d, 0x0017];
const pskWithKeyShare = 1;
/** Length of a SHA-256 hash. */
const binderBytes = 32;

const extensionTypes = {
  preSharedKey: 41,
  earlyData: 42,
  supportedVersions: 43,
  keyExchangeModes: 45,
  keyShare: 51,
} as const;

/** @param bytes all bytes read so far; may be anything */
export function readClientHello(bytes: Buffer): ClientHello {
  try {
    return readRecord(bytes);
  } catch (error) {
    if (error instanceof Refusal) return { kind: 'refused', reason: error.message };
    throw error;
  }
}

/** Why the bytes are not an agent's ClientHello. Caught by `readClientHello` alone. */
class Refusal extends Error {}

function check(holds: boolean, reason: string): asserts holds {
  if (!holds) throw new Refusal(reason);
}

function readRecord(bytes: Buffer): ClientHello {
  check(bytes.length === 0 || bytes[0] === handshakeRecord, 'not a TLS handshake');
  check(bytes.length < 2 || bytes[1] === 3, 'not a TLS handshake');
  // 1.0 for old middleboxes, or 1.2; the real version is in an extension.
  check(bytes.length < 3 || [1, 3].includes(bytes[2] ?? 0), 'unknown record version');
  if (bytes.length < recordHeaderBytes) return { kind: 'partial' };
  const end = recordHeaderBytes + bytes.readUInt16BE(3);
  check(end <= maxClientHelloBytes, `the first record is longer than ${maxClientHelloBytes} bytes`);
  check(bytes.length <= end, 'data follows the first record before an answer');
  if (bytes.length > recordHeaderBytes) {
    check(
      bytes[recordHeaderBytes] === clientHelloMessage,
      'the first message is not a ClientHello',
    );
  }
  if (bytes.length < end) return { kind: 'partial' };
  const record = new Reader(bytes.subarray(recordHeaderBytes, end));
  record.uint(1);
  const message = record.vector(3);
  check(record.isAtEnd, 'the first record holds more than a ClientHello');
  return { kind: 'whole', identity: readMessage(message) };
}

function readMessage(message: Reader): Identity {
  const randomBytes = 32;
  check(message.uint(2) === tls12, tooOld);
  message.take(randomBytes);
  message.vector(1); // session id, unused in TLS 1.3
  check(overlaps(message.vector(2).uints(2), suites), 'no common cipher suite');
  check(message.vector(1).uints(1).join() === '0', 'compression is requested');
  check(!message.isAtEnd, tooOld);
  const extensions = readExtensions(message.vector(2));
  check(message.isAtEnd, 'data follows the extensions of the ClientHello');

  const versions = extensions.get(extensionTypes.supportedVersions)?.vector(1).uints(2) ?? [];
  check(versions.includes(tls13), tooOld);
  check(!extensions.has(extensionTypes.earlyData), 'early data is announced');
  const keys = extensions.get(extensionTypes.preSharedKey);
  check(keys !== undefined, 'no pre-shared key is offered');
  // RFC 8446, section 4.2.11: the binder covers everything before it.
  check(
    [...extensions.keys()].at(-1) === extensionTypes.preSharedKey,
    'the pre-shared key is not the last extension',
  );
  const modes = extensions.get(extensionTypes.keyExchangeModes)?.vector(1).uints(1) ?? [];
  check(modes.includes(pskWithKeyShare), 'the pre-shared key is offered without a key exchange');
  const shares = extensions.get(extensionTypes.keyShare);
  check(
    shares !== undefined && overlaps(readShares(shares.vector(2)), groups),
    'no key share of a common group',
  );
  return readIdentity(keys);
}

function readExtensions(reader: Reader): ReadonlyMap<number, Reader> {
  const extensions = new Map<number, Reader>();
  while (!reader.isAtEnd) {
    const type = reader.uint(2);
    check(!extensions.has(type), 'an extension is repeated');
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
  check(identities.isAtEnd, 'more than one pre-shared key is offered');
  const binders = extension.vector(2);
  check(binders.vector(1).length === binderBytes, 'the binder is not a SHA-256 hash');
  check(binders.isAtEnd && extension.isAtEnd, 'more than one binder');
  const identity = parseIdentity(name.text());
  check(identity !== undefined, 'the identity is not CAMERA.ID');
  return identity;
}

function overlaps(offered: readonly number[], accepted: readonly number[]): boolean {
  return offered.some((number) => accepted.includes(number));
}

/** Reads numbers and vectors in sequence. */
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
    check(end <= this.#bytes.length, 'the ClientHello is truncated');
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }

  uint(byteCount: number): number {
    return this.take(byteCount).readUIntBE(0, byteCount);
  }

  /** A vector whose length field has `lengthBytes` bytes. */
  vector(lengthBytes: number): Reader {
    return new Reader(this.take(this.uint(lengthBytes)));
  }

  /** The rest, as numbers of `byteCount` bytes. */
  uints(byteCount: number): readonly number[] {
    const found: number[] = [];
    while (!this.isAtEnd) found.push(this.uint(byteCount));
    return found;
  }

  text(): string {
    return this.#bytes.toString('latin1');
  }
}

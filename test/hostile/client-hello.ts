/**
 * ClientHellos made by hand, byte by byte (RFC 8446, section 4.1.2): any identities, any number, any size, cut
 * into records of any length. Their binders are random, so none of them proves a key. Pure but for the random bytes.
 */
import { randomBytes } from 'node:crypto';

export interface ClientHelloShape {
  /** Empty: no pre_shared_key extension at all. */
  readonly identities: readonly string[];
  /** Bytes of a padding extension; 0: none. */
  readonly paddingBytes?: number;
  /** Payload of each TLS record; at most 16384. */
  readonly recordBytes?: number;
}

/** All of its extensions together. */
const maxExtensionsBytes = 65_000;
/** Bytes of an identity in a pre_shared_key extension beside itself: its length, its age, its binder. */
const bytesPerIdentity = 2 + 4 + 33;
const maxRecordBytes = 16_384;
const binderBytes = 32;

/** A ClientHello as TLS records. */
export function clientHello(shape: ClientHelloShape): Buffer {
  const { identities, paddingBytes = 0, recordBytes = maxRecordBytes } = shape;
  const extensions = [
    extension(43, vector(1, number(2, 0x0304))), // supported_versions: TLS 1.3
    extension(10, vector(2, number(2, 0x001d))), // supported_groups: X25519
    extension(13, vector(2, number(2, 0x0804))), // signature_algorithms
    extension(51, vector(2, Buffer.concat([number(2, 0x001d), vector(2, randomBytes(32))]))), // key_share
    extension(45, vector(1, number(1, 1))), // psk_key_exchange_modes: psk_dhe_ke
  ];
  if (paddingBytes > 0) extensions.push(extension(21, Buffer.alloc(paddingBytes)));
  if (identities.length > 0) extensions.push(extension(41, preSharedKey(identities))); // always last
  const body = Buffer.concat([
    ...[number(2, 0x0303), randomBytes(32), vector(1, randomBytes(32))],
    ...[vector(2, Buffer.from('13011303', 'hex')), vector(1, Buffer.alloc(1))],
    vector(2, Buffer.concat(extensions)),
  ]);
  return records(Buffer.concat([number(1, 1), vector(3, body)]), recordBytes);
}

/** `count` identities that differ: `a.0`, `a.1`, … in base 36; fewer if one ClientHello does not hold them. */
export function identitiesOf(name: string, count: number, first = 0): string[] {
  const made: string[] = [];
  // What the other extensions take.
  let bytes = 200;
  for (let at = first; made.length < count; at += 1) {
    const identity = `${name}.${at.toString(36)}`;
    bytes += identity.length + bytesPerIdentity;
    if (bytes > maxExtensionsBytes) break;
    made.push(identity);
  }
  return made;
}

function preSharedKey(identities: readonly string[]): Buffer {
  const offered = identities.map((identity) =>
    Buffer.concat([vector(2, Buffer.from(identity)), number(4, 0)]),
  );
  const binders = identities.map(() => vector(1, randomBytes(binderBytes)));
  return Buffer.concat([vector(2, Buffer.concat(offered)), vector(2, Buffer.concat(binders))]);
}

function records(handshake: Buffer, recordBytes: number): Buffer {
  const made: Buffer[] = [];
  for (let at = 0; at < handshake.length; at += recordBytes) {
    const fragment = handshake.subarray(at, at + recordBytes);
    made.push(Buffer.from([0x16, 3, 1]), vector(2, fragment));
  }
  return Buffer.concat(made);
}

function number(byteCount: number, value: number): Buffer {
  const bytes = Buffer.alloc(byteCount);
  bytes.writeUIntBE(value, 0, byteCount);
  return bytes;
}

/** Its length, then the bytes. */
function vector(lengthBytes: number, bytes: Buffer): Buffer {
  return Buffer.concat([number(lengthBytes, bytes.length), bytes]);
}

function extension(type: number, data: Buffer): Buffer {
  return Buffer.concat([number(2, type), vector(2, data)]);
}

/** Headers of the PROXY protocol, version 2, as a proxy sends them. */

export const proxySignature = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');

export interface ProxyHeaderFacts {
  /** Version and command: 0x21 is PROXY, 0x20 LOCAL. */
  readonly command?: number;
  /** Family and transport: 0x11 is TCP over IPv4. */
  readonly family?: number;
  /** Addresses and ports. */
  readonly addresses?: Buffer;
  /** Further fields. */
  readonly fields?: Buffer;
  /** Default: that of addresses and fields. */
  readonly length?: number;
}

export function proxyHeader(facts: ProxyHeaderFacts = {}): Buffer {
  const { command = 0x21, family = 0x11, fields = Buffer.alloc(0) } = facts;
  const rest = Buffer.concat([facts.addresses ?? ipv4('192.0.2.7', 40_000), fields]);
  const start = Buffer.alloc(4);
  start.writeUInt8(command, 0);
  start.writeUInt8(family, 1);
  start.writeUInt16BE(facts.length ?? rest.length, 2);
  return Buffer.concat([proxySignature, start, rest]);
}

/** From an address to 10.0.0.1:4444. */
export function ipv4(source: string, port: number): Buffer {
  return Buffer.concat([
    Buffer.from(source.split('.').map(Number)),
    Buffer.from([10, 0, 0, 1]),
    ports(port),
  ]);
}

/** @param source 32 hex digits */
export function ipv6(source: string, port: number): Buffer {
  return Buffer.concat([Buffer.from(source, 'hex'), Buffer.alloc(16, 1), ports(port)]);
}

function ports(source: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt16BE(source, 0);
  bytes.writeUInt16BE(4444, 2);
  return bytes;
}

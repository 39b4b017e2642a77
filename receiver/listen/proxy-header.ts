/**
 * The header of the PROXY protocol, version 2 (haproxy.org/download/2.6/doc/proxy-protocol.txt): a proxy sends it first
 * on a connection, and it names the peer behind the proxy. Pure.
 */
import { maxProxyHeaderBytes } from '../limits/receiver-limits.js';

export type ProxyHeader =
  /** More bytes are needed, at least so many. */
  | { readonly kind: 'partial'; readonly missingBytes: number }
  /** The connection of a peer; the address is without zone, IPv4-mapped as IPv4. */
  | { readonly kind: 'proxied'; readonly address: string; readonly port: number }
  /** A connection of the proxy itself, as a health check. */
  | { readonly kind: 'local' }
  | { readonly kind: 'refused'; readonly reason: string };

const signature = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
/** Signature, version and command, family and transport, length of the rest. */
const startBytes = signature.length + 4;
const version2 = 2;
const commands = { local: 0, proxy: 1 };
/** Family and transport, and the bytes of an address. Ports follow both addresses, then fields that are skipped. */
const families: Readonly<Record<number, number>> = { 0x11: 4, 0x21: 16 };

/** @param bytes as many of a connection's first bytes as an earlier answer asked for, and no more; may be anything */
export function readProxyHeader(bytes: Buffer): ProxyHeader {
  const begun = Math.min(bytes.length, signature.length);
  if (!bytes.subarray(0, begun).equals(signature.subarray(0, begun))) {
    const isVersion1 = bytes.subarray(0, 6).toString('latin1') === 'PROXY ';
    return refused(isVersion1 ? 'its PROXY header is of version 1' : 'no PROXY header');
  }
  if (bytes.length < startBytes) {
    return { kind: 'partial', missingBytes: startBytes - bytes.length };
  }
  const versionAndCommand = bytes.readUInt8(signature.length);
  const family = bytes.readUInt8(signature.length + 1);
  const end = startBytes + bytes.readUInt16BE(signature.length + 2);
  const [version, command] = [versionAndCommand >> 4, versionAndCommand & 0x0f];
  if (version !== version2) return refused(`its PROXY header is of version ${version}`);
  if (command > commands.proxy)
    return refused(`its PROXY header has the unknown command ${command}`);
  if (end > maxProxyHeaderBytes) {
    return refused(`its PROXY header has ${end} bytes; at most ${maxProxyHeaderBytes} are read`);
  }
  if (bytes.length < end) return { kind: 'partial', missingBytes: end - bytes.length };
  if (command === commands.local) return { kind: 'local' };
  const addressBytes = families[family];
  if (addressBytes === undefined) return refused('its PROXY header names no peer of TCP over IP');
  const portAt = startBytes + 2 * addressBytes;
  if (end < portAt + 4) return refused('the addresses in its PROXY header are cut off');
  const source = bytes.subarray(startBytes, startBytes + addressBytes);
  return { kind: 'proxied', address: textOf(source), port: bytes.readUInt16BE(portAt) };
}

/** A header that names this machine, for a check of the port from an address of a proxy. */
export const ownProxyHeader = Buffer.concat([
  signature,
  Buffer.from([
    (version2 << 4) | commands.proxy,
    0x11,
    0,
    12,
    127,
    0,
    0,
    1,
    127,
    0,
    0,
    1,
    0,
    0,
    0,
    0,
  ]),
]);

const refused = (reason: string): ProxyHeader => ({ kind: 'refused', reason });

function textOf(address: Buffer): string {
  if (address.length === 4) return address.join('.');
  const groups = Array.from({ length: 8 }, (_, at) => address.readUInt16BE(2 * at).toString(16));
  const isMapped = groups.slice(0, 6).join(':') === '0:0:0:0:0:ffff';
  if (isMapped) return address.subarray(12).join('.');
  // In the short form.
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}

/** Detects a connection's protocol from its first bytes. Pure. */
import { preface } from '../../shared/protocol/protocol-limits.js';

export type Protocol =
  /** JPEGs back to back. */
  | { readonly kind: 'raw' }
  /** The framed protocol; its messages start after `prefaceBytes`. */
  | { readonly kind: 'framed'; readonly prefaceBytes: number }
  /** TLS, with the framed protocol inside it. */
  | { readonly kind: 'tls' }
  /** Any other data; `answer` is the line of plain text to send before closing. */
  | { readonly kind: 'foreign'; readonly answer: string };

const usageLine =
  'this is a picchanged receiver: send JPEGs (cat x.jpg | socat - TCP:HOST:PORT) or use the agent';
/** `PICC/` */
const protocolName = preface.slice(0, preface.indexOf('/') + 1);
/** With a version of up to 12 digits and the line feed. */
const longestPreface = protocolName.length + 13;

/** @returns undefined while `bytes` are too few to decide */
export function recognize(bytes: Buffer): Protocol | undefined {
  const startsLike = (pattern: Buffer): boolean =>
    bytes.subarray(0, pattern.length).equals(pattern.subarray(0, bytes.length));
  const jpegStart = Buffer.from([0xff, 0xd8, 0xff]);
  if (startsLike(jpegStart)) return bytes.length < jpegStart.length ? undefined : { kind: 'raw' };
  if (startsLike(Buffer.from([0x16, 0x03]))) {
    return bytes.length < 2 ? undefined : { kind: 'tls' };
  }
  if (!startsLike(Buffer.from(protocolName))) return { kind: 'foreign', answer: usageLine };
  const lineEnd = bytes.indexOf(0x0a);
  if (lineEnd < 0) {
    return bytes.length < longestPreface ? undefined : { kind: 'foreign', answer: usageLine };
  }
  const line = bytes.toString('latin1', 0, lineEnd + 1);
  if (line === preface) return { kind: 'framed', prefaceBytes: preface.length };
  const version = line.slice(protocolName.length, -1);
  if (!/^\d{1,12}$/.test(version)) return { kind: 'foreign', answer: usageLine };
  return {
    kind: 'foreign',
    answer: `this receiver speaks ${preface.trim()}, not ${line.trim()}: update the older of the two`,
  };
}

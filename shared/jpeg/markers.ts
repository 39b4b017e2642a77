/** The markers of a JPEG (ITU-T T.81, table B.1) and the error messages about them. Pure. */

export const TEM = 0x01;
export const SOF0 = 0xc0;
export const SOF2 = 0xc2;
export const DHT = 0xc4;
export const SOI = 0xd8;
export const EOI = 0xd9;
export const SOS = 0xda;
export const DQT = 0xdb;
export const DRI = 0xdd;
export const APP0 = 0xe0;
export const APP14 = 0xee;

/** RST0 to RST7. */
export const isRestart = (code: number): boolean => code >= 0xd0 && code <= 0xd7;
/** SOF0 to SOF15. C4 (DHT), C8 (JPG) and CC (DAC) are in the same range and are no frame headers. */
export const isFrameHeader = (code: number): boolean =>
  code >= SOF0 && code <= 0xcf && code !== DHT && code !== 0xc8 && code !== 0xcc;

export type MarkerKind = 'fill' | 'standalone' | 'end' | 'segment';

export const endsTooSoon = 'it ends before its end marker (FF D9)';
export const noPictureData = 'it ends before any scan (SOS)';

/** A byte in an error: `0xd8`. */
export const hex = (byte = 0): string => `0x${byte.toString(16).padStart(2, '0')}`;
export const noMarker = (byte: number | undefined): string =>
  `expected a marker, found byte ${hex(byte)}`;
export const shortSegment = (code: number, length: number): string =>
  `segment ${hex(code)} has length ${length}; the minimum is 2`;

/** The reason why a JPEG cannot begin with these bytes; undefined: it begins with SOI. */
export function startDamage(bytes: Buffer): string | undefined {
  if (bytes.length === 0) return 'it is empty';
  return bytes[0] === 0xff && bytes[1] === SOI ? undefined : 'it does not begin with FF D8';
}

/**
 * Classifies the byte after FF where a marker is expected.
 * @returns the kind, or a reason that completes "the JPEG is damaged: …"
 */
export function readMarker(
  code: number,
): { readonly kind: MarkerKind } | { readonly damage: string } {
  if (code === 0xff) return { kind: 'fill' };
  if (code === EOI) return { kind: 'end' };
  if (code === SOI) return { damage: 'a new picture begins before its end' };
  if (code === 0) return { damage: noMarker(code) };
  if (code === TEM || isRestart(code)) return { kind: 'standalone' };
  // Not skipped as a segment: after a flipped bit up to 64 KiB of the next picture would be lost.
  if (code < SOF0) return { damage: `reserved marker ${hex(code)}` };
  return { kind: 'segment' };
}

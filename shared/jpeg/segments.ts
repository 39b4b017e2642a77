/** Parses the marker segments of a JPEG (ITU-T T.81, annex B): SOF, DQT, DHT, SOS. Pure. */
import type { ComponentHeader, FrameHeader } from './component.js';
import { damaged, unreadable } from './frame-error.js';
import type { HuffmanTable } from './huffman.js';
import { SOF0, SOF2, endsTooSoon, noMarker, readMarker, shortSegment } from './markers.js';

export interface Segment {
  /** The marker's second byte. */
  readonly code: number;
  /** The bytes after the length; empty for EOI. */
  readonly payload: Buffer;
  /** Offset of the next bytes in the JPEG. */
  readonly end: number;
}

/** @param at offset of a marker @throws {OperationalError} FRAME: there is no valid segment */
export function readSegment(jpeg: Buffer, at: number): Segment {
  for (;;) {
    if (at + 2 > jpeg.length) throw damaged(endsTooSoon);
    if (jpeg[at] !== 0xff) throw damaged(noMarker(jpeg[at]));
    const code = jpeg[at + 1]!;
    const marker = readMarker(code);
    if ('damage' in marker) throw damaged(marker.damage);
    if (marker.kind === 'end') return { code, payload: jpeg.subarray(at + 2, at + 2), end: at + 2 };
    if (marker.kind === 'fill') at += 1;
    else if (marker.kind === 'standalone') at += 2;
    else {
      if (at + 4 > jpeg.length) throw damaged(endsTooSoon);
      const length = jpeg.readUInt16BE(at + 2);
      if (length < 2) throw damaged(shortSegment(code, length));
      const end = at + 2 + length;
      if (end > jpeg.length) throw damaged(endsTooSoon);
      return { code, payload: jpeg.subarray(at + 4, end), end };
    }
  }
}

/**
 * The frame header (T.81, B.2.2).
 * @throws {OperationalError} FRAME: invalid, or coded in an unsupported way
 */
export function readFrameHeader(code: number, payload: Buffer): FrameHeader {
  if (code > SOF2) throw unreadable(`unsupported coding process SOF${code - SOF0}`);
  const count = payload[5] ?? 0;
  if (payload.length !== 6 + 3 * count || count === 0 || count > 4) {
    throw damaged(`invalid SOF segment: ${payload.length} bytes for ${count} components`);
  }
  if (payload[0] !== 8) throw unreadable(`unsupported sample precision: ${payload[0]!} bits`);
  const heightPx = payload.readUInt16BE(1);
  const widthPx = payload.readUInt16BE(3);
  if (widthPx * heightPx === 0) {
    throw unreadable(`frame size of ${widthPx}x${heightPx} pixels`);
  }
  const components: ComponentHeader[] = [];
  for (let at = 6; at < payload.length; at += 3) {
    const [id, sampling, quantization] = [payload[at]!, payload[at + 1]!, payload[at + 2]!];
    const [hSampling, vSampling] = [sampling >> 4, sampling & 15];
    const isValid =
      hSampling >= 1 && hSampling <= 4 && vSampling >= 1 && vSampling <= 4 && quantization <= 3;
    if (!isValid || components.some((each) => each.id === id)) {
      const values = `sampling factors ${hSampling}x${vSampling}, quantization table ${quantization}`;
      throw damaged(`invalid SOF segment: component ${id} with ${values}`);
    }
    components.push({ id, hSampling, vSampling, quantization });
  }
  return {
    widthPx,
    heightPx,
    components,
    maxHSampling: Math.max(...components.map(({ hSampling }) => hSampling)),
    maxVSampling: Math.max(...components.map(({ vSampling }) => vSampling)),
  };
}

/** Stores the tables of a DQT segment (T.81, B.2.4.1) at their destinations. @throws {OperationalError} FRAME */
export function readQuantization(payload: Buffer, tables: (Uint16Array | undefined)[]): void {
  for (let at = 0; at < payload.length;) {
    const [precision, destination] = [payload[at]! >> 4, payload[at]! & 15];
    const bytes = precision === 0 ? 1 : 2;
    at += 1;
    if (precision > 1 || destination > 3 || at + 64 * bytes > payload.length) {
      throw damaged('invalid DQT segment');
    }
    const table = new Uint16Array(64);
    for (let k = 0; k < 64; k++, at += bytes) {
      table[k] = bytes === 1 ? payload[at]! : payload.readUInt16BE(at);
    }
    if (table.includes(0)) throw damaged('invalid DQT segment: quantization step 0');
    tables[destination] = table;
  }
}

/**
 * Stores the tables of a DHT segment (T.81, B.2.4.2) at their destinations.
 * @param tableOf of the bytes of BITS and HUFFVAL @throws {OperationalError} FRAME
 */
export function readHuffman(
  payload: Buffer,
  tables: (HuffmanTable | undefined)[],
  tableOf: (bytes: Buffer) => HuffmanTable,
): void {
  for (let at = 0; at < payload.length;) {
    const [tableClass, destination] = [payload[at]! >> 4, payload[at]! & 15];
    let count = 0;
    for (let i = at + 1; i <= at + 16; i++) count += payload[i] ?? 0;
    const end = at + 17 + count;
    if (tableClass > 1 || destination > 3 || count > 256 || end > payload.length) {
      throw damaged('invalid DHT segment');
    }
    tables[4 * tableClass + destination] = tableOf(payload.subarray(at + 1, end));
    at = end;
  }
}

/** A component in the scan header. */
export interface ScanComponent {
  readonly id: number;
  /** Destinations of its Huffman tables, 0..3. */
  readonly dc: number;
  readonly ac: number;
}

/**
 * The scan header (T.81, B.2.3). Ss, Se, Ah and Al are ignored: only progressive frames use them, and some sequential
 * encoders write wrong values. @throws {OperationalError} FRAME
 */
export function readScanHeader(payload: Buffer): ScanComponent[] {
  const count = payload[0] ?? 0;
  if (count === 0 || count > 4 || payload.length !== 4 + 2 * count) {
    throw damaged(`invalid SOS segment: ${payload.length} bytes for ${count} components`);
  }
  return Array.from({ length: count }, (_, i) => {
    const tables = payload[2 + 2 * i]!;
    return { id: payload[1 + 2 * i]!, dc: tables >> 4, ac: tables & 15 };
  });
}

/**
 * Reads the means of the blocks of a sequential Huffman-coded JPEG (ITU-T T.81: SOF0, and SOF1 with 8 bits), or finds
 * that the JPEG needs a full decoder. Pure.
 */
import { BitWindow } from './bit-window.js';
import { BlockTable } from './block-table.js';
import { Component, type FrameHeader } from './component.js';
import { damaged } from './frame-error.js';
import { HuffmanTable, type HuffmanTables, standardTables } from './huffman.js';
import {
  APP0,
  APP14,
  DHT,
  DQT,
  DRI,
  EOI,
  SOF2,
  SOS,
  isFrameHeader,
  noPictureData,
  startDamage,
} from './markers.js';
import { Scan } from './scan.js';
import {
  type ScanComponent,
  type Segment,
  readFrameHeader,
  readHuffman,
  readQuantization,
  readScanHeader,
  readSegment,
} from './segments.js';

/** The components: luminance only; YCbCr; or red, green and blue. */
export type Colour = 'grey' | 'ycc' | 'rgb';

export interface Reading {
  readonly frame: FrameHeader;
  readonly colour: Colour;
  /** In the order of the frame header; undefined: a full decoder is needed. */
  readonly components: readonly Component[] | undefined;
}

/**
 * Chooses the resolution: the side of the squares whose means are computed, in luminance samples; 8: blocks,
 * 4: quarters of blocks. Throws when the frame is too large.
 */
export type ChooseTile = (frame: FrameHeader) => 4 | 8;

/** @throws {OperationalError} FRAME: damaged, or coded in an unsupported way; what `chooseTile` throws */
export function readCoefficients(jpeg: Buffer, chooseTile: ChooseTile): Reading {
  const damage = startDamage(jpeg);
  if (damage !== undefined) throw damaged(damage);
  return readAsBefore(jpeg, chooseTile) ?? readAnew(jpeg, chooseTile);
}

/** A frame of one scan, and what its header says. */
interface KnownFrame {
  /** The bytes before the entropy-coded data. */
  readonly header: Buffer;
  readonly tilePx: 4 | 8;
  readonly scan: Scan;
  readonly reading: Reading;
}

/** The frame before: a camera's frames differ in their entropy-coded data only. */
let known: KnownFrame | undefined;
/** No copy is kept of a longer header: it has a thumbnail. */
const maxKnownBytes = 4096;
const bits = new BitWindow();

/**
 * Reads a frame that has the header of the frame before, into the same arrays.
 * @returns undefined: it has another header, or more than one scan
 */
function readAsBefore(jpeg: Buffer, chooseTile: ChooseTile): Reading | undefined {
  if (known === undefined) return undefined;
  const { header, tilePx, scan, reading } = known;
  if (!header.equals(jpeg.subarray(0, header.length))) return undefined;
  if (chooseTile(reading.frame) !== tilePx) return undefined;
  const end = scan.read(jpeg, header.length, bits);
  return readSegment(jpeg, end).code === EOI ? reading : undefined;
}

function readAnew(jpeg: Buffer, chooseTile: ChooseTile): Reading {
  const reader = new Reader(jpeg, chooseTile);
  for (let at = 2; ;) {
    const segment = readSegment(jpeg, at);
    if (segment.code === EOI) {
      const reading = reader.finish();
      known = reader.known(reading);
      return reading;
    }
    at = reader.take(segment);
    if (reader.needsFullDecoder) return reader.finish();
  }
}

/** Caches: a camera uses the same tables in each frame. */
const blockTables = new Map<string, BlockTable>();
const huffmanTables = new Map<string, HuffmanTable>();
/** Size of each cache: twice the tables of one frame. A camera with changing tables does not fill the memory. */
const maxCachedTables = 8;

/** The value of a key, from the cache or made anew. */
function cached<T>(cache: Map<string, T>, key: string, make: () => T): T {
  let value = cache.get(key);
  if (value === undefined) {
    if (cache.size >= maxCachedTables) cache.clear();
    value = make();
    cache.set(key, value);
  }
  return value;
}

/** @param bytes BITS and HUFFVAL of one table */
function knownTable(bytes: Buffer): HuffmanTable {
  const make = (): HuffmanTable => new HuffmanTable(bytes.subarray(0, 16), bytes.subarray(16));
  return cached(huffmanTables, bytes.toString('latin1'), make);
}

let standard: HuffmanTables | undefined;

class Reader {
  needsFullDecoder = false;

  readonly #jpeg: Buffer;
  readonly #chooseTile: ChooseTile;
  readonly #quantization: (Uint16Array | undefined)[] = [];
  readonly #huffman: (HuffmanTable | undefined)[] = [];
  #restartInterval = 0;
  #isJfif = false;
  /** Transform flag of an Adobe APP14 segment: 0 is RGB, 1 is YCbCr. */
  #adobeTransform: number | undefined;
  #frame: FrameHeader | undefined;
  #tilePx: 4 | 8 = 8;
  #isProgressive = false;
  #components: Component[] | undefined;
  /** The only scan so far, with nothing after it, and where its entropy-coded data begin. */
  #last: { readonly scan: Scan; readonly start: number } | undefined;
  #scanCount = 0;

  constructor(jpeg: Buffer, chooseTile: ChooseTile) {
    this.#jpeg = jpeg;
    this.#chooseTile = chooseTile;
  }

  /** Reads a segment. @returns the offset of the next segment in the JPEG */
  take({ code, payload, end }: Segment): number {
    this.#last = undefined;
    if (code === SOS) return this.#takeScan(payload, end);
    if (code === DHT) readHuffman(payload, this.#huffman, knownTable);
    else if (code === DQT) readQuantization(payload, this.#quantization);
    else if (code === DRI) {
      if (payload.length !== 2)
        throw damaged(`invalid DRI segment: ${payload.length} bytes, not 2`);
      this.#restartInterval = payload.readUInt16BE(0);
    } else if (code === APP0) this.#isJfif ||= payload.toString('latin1', 0, 5) === 'JFIF\0';
    else if (code === APP14) {
      if (payload.length >= 12 && payload.toString('latin1', 0, 5) === 'Adobe') {
        this.#adobeTransform = payload[11];
      }
    } else if (isFrameHeader(code)) {
      if (this.#frame !== undefined) throw damaged('more than one frame header (SOF)');
      this.#frame = readFrameHeader(code, payload);
      this.#isProgressive = code === SOF2;
      this.#tilePx = this.#chooseTile(this.#frame);
    }
    return end;
  }

  finish(): Reading {
    const frame = this.#frame;
    if (frame === undefined || (this.#components === undefined && !this.needsFullDecoder)) {
      throw damaged(noPictureData);
    }
    const unread = this.#components?.find(({ isRead }) => !isRead);
    if (unread !== undefined) throw damaged(`component ${unread.header.id} has no scan`);
    return { frame, colour: this.#colourOf(frame), components: this.#components };
  }

  /** @returns undefined: there is more than a header and a scan, or the header is too long */
  known(reading: Reading): KnownFrame | undefined {
    if (this.#last === undefined || this.#last.start > maxKnownBytes) return undefined;
    const { scan, start } = this.#last;
    const header = Buffer.from(this.#jpeg.subarray(0, start));
    return { header, tilePx: this.#tilePx, scan, reading };
  }

  #takeScan(payload: Buffer, start: number): number {
    const frame = this.#frame;
    if (frame === undefined) throw damaged('a scan (SOS) before the frame header (SOF)');
    if (this.#isProgressive || !this.#isSupported(frame)) {
      this.needsFullDecoder = true;
      return start;
    }
    const components = (this.#components ??= makeComponents(
      frame,
      this.#colourOf(frame),
      this.#tilePx,
    ));
    // Frames of MJPEG webcams may have no Huffman tables: then the standard tables apply, all of them.
    const tables = this.#huffman.length === 0 ? (standard ??= standardTables()) : this.#huffman;
    const parts = readScanHeader(payload).map((part) => {
      const component = components.find(({ header }) => header.id === part.id);
      if (component === undefined) {
        throw damaged(`scan refers to unknown component ${part.id}`);
      }
      const quantization = this.#quantization[component.header.quantization];
      if (quantization === undefined) {
        throw damaged(`quantization table ${component.header.quantization} is not defined`);
      }
      component.startScan(quantization);
      return { component, table: blockTableFor(tables, part) };
    });
    const [first] = parts;
    const isInterleaved = parts.length > 1;
    const blocks = parts.reduce(
      (sum, { component: { header } }) => sum + header.hSampling * header.vSampling,
      0,
    );
    if (isInterleaved && blocks > 10) {
      throw damaged(`${blocks} blocks per MCU; the maximum is 10`);
    }
    const scan = new Scan({
      parts,
      mcusAcross: isInterleaved
        ? Math.ceil(frame.widthPx / (8 * frame.maxHSampling))
        : first!.component.blocksAcross,
      mcusDown: isInterleaved
        ? Math.ceil(frame.heightPx / (8 * frame.maxVSampling))
        : first!.component.blocksDown,
      restartInterval: this.#restartInterval,
    });
    this.#scanCount += 1;
    if (this.#scanCount === 1) this.#last = { scan, start };
    return scan.read(this.#jpeg, start, bits);
  }

  /**
   * True when luminance, or each of red, green and blue, is not subsampled, as in the frames of every camera. With
   * subsampled luminance or four components a full decoder is needed.
   */
  #isSupported(frame: FrameHeader): boolean {
    const { components } = frame;
    if (components.length !== 1 && components.length !== 3) return false;
    const wanted = this.#colourOf(frame) === 'rgb' ? components : components.slice(0, 1);
    return wanted.every(
      ({ hSampling, vSampling }) =>
        hSampling === frame.maxHSampling && vSampling === frame.maxVSampling,
    );
  }

  /** The rules of libjpeg. */
  #colourOf({ components }: FrameHeader): Colour {
    if (components.length === 1) return 'grey';
    if (this.#isJfif) return 'ycc';
    if (this.#adobeTransform !== undefined) return this.#adobeTransform === 0 ? 'rgb' : 'ycc';
    return String.fromCharCode(...components.map(({ id }) => id)) === 'RGB' ? 'rgb' : 'ycc';
  }
}

/** Luminance, or each of red, green and blue, has tiles of `tilePx`; chroma has whole blocks. */
function makeComponents(frame: FrameHeader, colour: Colour, tilePx: 4 | 8): Component[] {
  return frame.components.map(
    (header, index) => new Component(frame, header, index === 0 || colour === 'rgb' ? tilePx : 8),
  );
}

function blockTableFor(tables: HuffmanTables, { dc, ac }: ScanComponent): BlockTable {
  const dcTable = dc < 4 ? tables[dc] : undefined;
  const acTable = ac < 4 ? tables[4 + ac] : undefined;
  if (dcTable === undefined || acTable === undefined) {
    throw damaged(`scan refers to an undefined Huffman table: DC ${dc} or AC ${ac}`);
  }
  const make = (): BlockTable => new BlockTable(dcTable, acTable);
  return cached(blockTables, `${dcTable.key}/${acTable.key}`, make);
}

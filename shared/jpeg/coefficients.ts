/**
 * Reads a sequential Huffman-coded JPEG (ITU-T T.81: SOF0, and SOF1 of 8 bits) as far as the means of its
 * blocks, or finds that it takes a full decoder. Pure.
 */
import { BitWindow } from './bit-window.js';
import { BlockTable } from './block-table.js';
import { Component, type FrameHeader } from './component.js';
import { damaged } from './frame-error.js';
import { type HuffmanTable, type HuffmanTables, standardTables } from './huffman.js';
import {
  APP0,
  APP14,
  DHT,
  DQT,
  DRI,
  EOI,
  SOF2,
  SOI,
  SOS,
  isEmpty,
  isFrameHeader,
  noPictureData,
  noStart,
} from './markers.js';
import { readScan } from './scan.js';
import {
  type ScanComponent,
  type Segment,
  readFrameHeader,
  readHuffman,
  readQuantization,
  readScanHeader,
  readSegment,
} from './segments.js';

/** What the components are: brightness; brightness, blueness and redness (YCbCr); or red, green and blue. */
export type Colour = 'grey' | 'ycc' | 'rgb';

export interface Reading {
  readonly frame: FrameHeader;
  readonly colour: Colour;
  /** In the frame header's order, all read; undefined: it takes a full decoder. */
  readonly components: readonly Component[] | undefined;
}

/**
 * How finely a frame is read: the side of the squares whose means are wanted, 8 for blocks, 4 for their quarters,
 * in samples of brightness. Throws when the frame is too large.
 */
export type ChooseTile = (frame: FrameHeader) => 4 | 8;

/** @throws {OperationalError} FRAME: damaged, or of a kind that no decoder here reads; what `chooseTile` throws */
export function readCoefficients(jpeg: Buffer, chooseTile: ChooseTile): Reading {
  if (jpeg.length === 0) throw damaged(isEmpty);
  if (jpeg[0] !== 0xff || jpeg[1] !== SOI) throw damaged(noStart);
  const reader = new Reader(jpeg, chooseTile);
  for (let at = 2; ;) {
    const segment = readSegment(jpeg, at);
    if (segment.code === EOI) return reader.finish();
    at = reader.take(segment);
    if (reader.needsFullDecoder) return reader.finish();
  }
}

/** Its tables are kept: a camera's are the same in each frame. */
const blockTables = new Map<string, BlockTable>();
/** Twice what one frame can have, so that a camera whose tables change does not fill the memory. */
const mostBlockTables = 8;

class Reader {
  needsFullDecoder = false;

  readonly #jpeg: Buffer;
  readonly #chooseTile: ChooseTile;
  readonly #bits: BitWindow;
  readonly #quantization: (Uint16Array | undefined)[] = [];
  readonly #huffman: (HuffmanTable | undefined)[] = [];
  #restartInterval = 0;
  #isJfif = false;
  /** What an Adobe segment says of the colour: 0 is none taken apart, 1 is YCbCr. */
  #adobeTransform: number | undefined;
  #frame: FrameHeader | undefined;
  #tilePx: 4 | 8 = 8;
  #isProgressive = false;
  #components: Component[] | undefined;

  constructor(jpeg: Buffer, chooseTile: ChooseTile) {
    this.#jpeg = jpeg;
    this.#chooseTile = chooseTile;
    this.#bits = new BitWindow(jpeg);
  }

  /** @returns where in the JPEG to go on */
  take({ code, payload, end }: Segment): number {
    if (code === SOS) return this.#takeScan(payload, end);
    if (code === DHT) readHuffman(payload, this.#huffman);
    else if (code === DQT) readQuantization(payload, this.#quantization);
    else if (code === DRI) {
      if (payload.length !== 2) throw damaged(`a restart interval of ${payload.length} bytes`);
      this.#restartInterval = payload.readUInt16BE(0);
    } else if (code === APP0) this.#isJfif ||= payload.toString('latin1', 0, 5) === 'JFIF\0';
    else if (code === APP14) {
      if (payload.length >= 12 && payload.toString('latin1', 0, 5) === 'Adobe') {
        this.#adobeTransform = payload[11];
      }
    } else if (isFrameHeader(code)) {
      if (this.#frame !== undefined) throw damaged('it has two frame headers');
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
    if (this.#components?.some(({ isRead }) => !isRead) === true) {
      throw damaged('a part of the picture is missing');
    }
    return { frame, colour: this.#colourOf(frame), components: this.#components };
  }

  #takeScan(payload: Buffer, start: number): number {
    const frame = this.#frame;
    if (frame === undefined) throw damaged('its picture data come before their frame header');
    if (this.#isProgressive || !this.#isPlain(frame)) {
      this.needsFullDecoder = true;
      return start;
    }
    const components = (this.#components ??= makeComponents(
      frame,
      this.#colourOf(frame),
      this.#tilePx,
    ));
    // What webcams leave out of MJPEG are all the tables, never some.
    const tables = this.#huffman.length === 0 ? standardTables() : this.#huffman;
    const parts = readScanHeader(payload).map((part) => {
      const component = components.find(({ header }) => header.id === part.id);
      if (component === undefined) {
        throw damaged(`a scan of the unknown component ${part.id}`);
      }
      const quantization = this.#quantization[component.header.quantization];
      if (quantization === undefined) throw damaged('a quantization table is missing');
      component.startScan(quantization);
      return { component, table: blockTableFor(tables, part) };
    });
    const [first] = parts;
    const isInterleaved = parts.length > 1;
    const blocks = parts.reduce(
      (sum, { component: { header } }) => sum + header.hSampling * header.vSampling,
      0,
    );
    if (isInterleaved && blocks > 10)
      throw damaged(`${blocks} blocks in an MCU; the maximum is 10`);
    return readScan(this.#jpeg, start, this.#bits, {
      parts,
      mcusAcross: isInterleaved
        ? Math.ceil(frame.widthPx / (8 * frame.maxHSampling))
        : first!.component.blocksAcross,
      mcusDown: isInterleaved
        ? Math.ceil(frame.heightPx / (8 * frame.maxVSampling))
        : first!.component.blocksDown,
      restartInterval: this.#restartInterval,
    });
  }

  /**
   * Brightness, or each of red, green and blue, is there in full size. Every camera's frame is so; where
   * colour is finer than brightness, or there are four inks, the full decoder takes it.
   */
  #isPlain(frame: FrameHeader): boolean {
    const { components } = frame;
    if (components.length !== 1 && components.length !== 3) return false;
    const wanted = this.#colourOf(frame) === 'rgb' ? components : components.slice(0, 1);
    return wanted.every(
      ({ hSampling, vSampling }) =>
        hSampling === frame.maxHSampling && vSampling === frame.maxVSampling,
    );
  }

  /** By the rules that libjpeg made common. */
  #colourOf({ components }: FrameHeader): Colour {
    if (components.length === 1) return 'grey';
    if (this.#isJfif) return 'ycc';
    if (this.#adobeTransform !== undefined) return this.#adobeTransform === 0 ? 'rgb' : 'ycc';
    return String.fromCharCode(...components.map(({ id }) => id)) === 'RGB' ? 'rgb' : 'ycc';
  }
}

/** Only brightness, or what it is made of, is read as finely as wanted. */
function makeComponents(frame: FrameHeader, colour: Colour, tilePx: 4 | 8): Component[] {
  return frame.components.map(
    (header, index) => new Component(frame, header, index === 0 || colour === 'rgb' ? tilePx : 8),
  );
}

function blockTableFor(tables: HuffmanTables, { dc, ac }: ScanComponent): BlockTable {
  const dcTable = dc < 4 ? tables[dc] : undefined;
  const acTable = ac < 4 ? tables[4 + ac] : undefined;
  if (dcTable === undefined || acTable === undefined) throw damaged('a Huffman table is missing');
  const key = `${dcTable.key}/${acTable.key}`;
  let table = blockTables.get(key);
  if (table === undefined) {
    if (blockTables.size >= mostBlockTables) blockTables.clear();
    table = new BlockTable(dcTable, acTable);
    blockTables.set(key, table);
  }
  return table;
}

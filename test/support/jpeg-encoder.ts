/**
 * Writes sequential JPEGs of any form (ITU-T T.81): sampling factors, scans, restart intervals, tables and segments
 * are parameters. Slow and plain: each formula is that of the standard.
 */

export interface EncodedComponent {
  readonly id: number;
  readonly across: number;
  readonly down: number;
  /** 0..255, at a position in the component's own samples; also called for positions beyond the frame's edge. */
  readonly sample: (x: number, y: number) => number;
  /** Steps of the quantization in zigzag order. */
  readonly steps: readonly number[];
}

export interface EncodedFrame {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly components: readonly EncodedComponent[];
  /** One scan for all components, or one for each. */
  readonly isInterleaved?: boolean;
  /** In MCUs; 0: no restart markers. */
  readonly restartInterval?: number;
  /** Lengths of the Huffman codes: all equal, or the last ones of maximum length. */
  readonly codes?: 'alike' | 'long';
  /** 16 bits for each step of the quantization. */
  readonly hasWideSteps?: boolean;
  /** Whole segments before the tables. */
  readonly segments?: readonly Buffer[];
  /** Bytes before each restart marker and before EOI. */
  readonly spare?: Buffer;
  /** 0xc0 or 0xc1. */
  readonly frameCode?: number;
}

interface Code {
  readonly bits: number;
  readonly length: number;
}

interface Table {
  readonly counts: readonly number[];
  readonly values: readonly number[];
  readonly codes: ReadonlyMap<number, Code>;
}

export function encodeFrame(frame: EncodedFrame): Buffer {
  const { components, restartInterval = 0, isInterleaved = true } = frame;
  const mode = frame.codes ?? 'alike';
  const dc = makeTable(mode, range(12));
  const ac = makeTable(mode, [0, 0xf0, ...range(160).map((i) => ((i % 16) << 4) | (1 + (i >> 4)))]);
  const parts = [Buffer.of(0xff, 0xd8), ...(frame.segments ?? [])];
  components.forEach(({ steps }, i) => {
    const wide = frame.hasWideSteps === true;
    const bytes = steps.flatMap((step) => (wide ? [step >> 8, step & 255] : [step]));
    parts.push(segment(0xdb, [(wide ? 16 : 0) | i, ...bytes]));
  });
  const head = components.flatMap(({ id, across, down }, i) => [id, (across << 4) | down, i]);
  const size = [frame.heightPx >> 8, frame.heightPx & 255, frame.widthPx >> 8, frame.widthPx & 255];
  parts.push(segment(frame.frameCode ?? 0xc0, [8, ...size, components.length, ...head]));
  parts.push(segment(0xc4, [0x00, ...dc.counts, ...dc.values, 0x10, ...ac.counts, ...ac.values]));
  if (restartInterval > 0) parts.push(segment(0xdd, [restartInterval >> 8, restartInterval & 255]));

  const scans = isInterleaved ? [components] : components.map((component) => [component]);
  for (const scan of scans) {
    const ids = scan.flatMap(({ id }) => [id, 0x00]);
    parts.push(segment(0xda, [scan.length, ...ids, 0, 63, 0]));
    parts.push(...encodeScan(frame, scan, { dc, ac }));
  }
  return Buffer.concat([...parts, Buffer.of(0xff, 0xd9)]);
}

/** Any segment. */
export function segment(code: number, payload: readonly number[] | Buffer): Buffer {
  const length = payload.length + 2;
  return Buffer.from([0xff, code, length >> 8, length & 255, ...payload]);
}

/** Number of a component's samples inside the frame. */
export function samplesInside(frame: EncodedFrame, component: EncodedComponent) {
  const most = (factor: 'across' | 'down') => Math.max(...frame.components.map((c) => c[factor]));
  return {
    width: Math.ceil((frame.widthPx * component.across) / most('across')),
    height: Math.ceil((frame.heightPx * component.down) / most('down')),
  };
}

function encodeScan(
  frame: EncodedFrame,
  scan: readonly EncodedComponent[],
  tables: { readonly dc: Table; readonly ac: Table },
): Buffer[] {
  const isInterleaved = scan.length > 1;
  const mcus = mcusOf(frame, scan);
  const interval = (frame.restartInterval ?? 0) || mcus.across * mcus.down;
  const spare = frame.spare ?? Buffer.alloc(0);
  const parts: Buffer[] = [];
  let bits = new BitWriter();
  const predictions = new Map<number, number>();
  for (let mcu = 0; mcu < mcus.across * mcus.down; mcu++) {
    if (mcu > 0 && mcu % interval === 0) {
      parts.push(bits.end(), spare, Buffer.of(0xff, 0xd0 + ((mcu / interval - 1) & 7)));
      bits = new BitWriter();
      predictions.clear();
    }
    for (const component of scan) {
      const [across, down] = isInterleaved ? [component.across, component.down] : [1, 1];
      for (let i = 0; i < across * down; i++) {
        const column = (mcu % mcus.across) * across + (i % across);
        const row = Math.floor(mcu / mcus.across) * down + Math.floor(i / across);
        const block = transform(component, column, row);
        const difference = block[0]! - (predictions.get(component.id) ?? 0);
        predictions.set(component.id, block[0]!);
        encodeBlock(bits, difference, block, tables);
      }
    }
  }
  return [...parts, bits.end(), spare];
}

function mcusOf(frame: EncodedFrame, scan: readonly EncodedComponent[]) {
  const [only] = scan;
  if (scan.length === 1) {
    const { width, height } = samplesInside(frame, only!);
    return { across: Math.ceil(width / 8), down: Math.ceil(height / 8) };
  }
  const most = (factor: 'across' | 'down') => Math.max(...frame.components.map((c) => c[factor]));
  return {
    across: Math.ceil(frame.widthPx / (8 * most('across'))),
    down: Math.ceil(frame.heightPx / (8 * most('down'))),
  };
}

/** A.3.3 and A.3.4: a block's coefficients, transformed and quantized, in zigzag order. */
function transform({ sample, steps }: EncodedComponent, column: number, row: number): number[] {
  const across = range(64).map((i) => sample(8 * column + (i % 8), 8 * row + (i >> 3)) - 128);
  const sum = (values: (n: number) => number, u: number) =>
    range(8).reduce((s, n) => s + values(n) * cosines[8 * n + u]!, 0);
  const down = range(64).map((i) => sum((x) => across[8 * (i >> 3) + x]!, i % 8));
  return zigzag.map((place, k) => {
    const [u, v] = [place % 8, place >> 3];
    const value = sum((y) => down[8 * y + u]!, v) * scale(u) * scale(v);
    const most = k === 0 ? 2047 : 1023;
    return Math.max(-most, Math.min(most, Math.round(value / steps[k]!)));
  });
}

const range = (length: number): number[] => Array.from({ length }, (_, i) => i);
const cosines = range(64).map((i) => Math.cos(((2 * (i >> 3) + 1) * (i % 8) * Math.PI) / 16));
const scale = (u: number): number => (u === 0 ? Math.SQRT1_2 : 1) / 2;
// prettier-ignore
const zigzag = [
  0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14,
  21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53,
  60, 61, 54, 47, 55, 62, 63,
];

/** F.1.2: the difference of the DC coefficient, then runs of zeros and the values after them. */
function encodeBlock(
  bits: BitWriter,
  difference: number,
  block: readonly number[],
  { dc, ac }: { readonly dc: Table; readonly ac: Table },
): void {
  bits.put(dc.codes.get(sizeOf(difference))!);
  bits.putValue(difference);
  let run = 0;
  for (let k = 1; k < 64; k++) {
    const value = block[k]!;
    if (value === 0) {
      run += 1;
      continue;
    }
    for (; run > 15; run -= 16) bits.put(ac.codes.get(0xf0)!);
    bits.put(ac.codes.get((run << 4) | sizeOf(value))!);
    bits.putValue(value);
    run = 0;
  }
  if (run > 0) bits.put(ac.codes.get(0)!);
}

const sizeOf = (value: number): number => (value === 0 ? 0 : 32 - Math.clz32(Math.abs(value)));

class BitWriter {
  readonly #bytes: number[] = [];
  #held = 0;
  #count = 0;

  put({ bits, length }: Code): void {
    for (let i = length - 1; i >= 0; i--) {
      this.#held = (this.#held << 1) | ((bits >> i) & 1);
      this.#count += 1;
      if (this.#count < 8) continue;
      this.#bytes.push(this.#held);
      if (this.#held === 0xff) this.#bytes.push(0);
      this.#held = this.#count = 0;
    }
  }

  /** F.1.2.1.1: a negative value is decremented and its high bits are omitted. */
  putValue(value: number): void {
    const length = sizeOf(value);
    this.put({ bits: value < 0 ? value - 1 + (1 << length) : value, length });
  }

  /** Pads the last byte with ones. */
  end(): Buffer {
    while (this.#count > 0) this.put({ bits: 1, length: 1 });
    return Buffer.from(this.#bytes);
  }
}

/** Annex C: codes in the order of their lengths; the code of only ones is reserved. */
function makeTable(mode: 'alike' | 'long', values: readonly number[]): Table {
  const counts = new Array<number>(16).fill(0);
  const alike = Math.ceil(Math.log2(values.length + 1));
  // One code each of 2 to 9 bits, the others of 16; there are at most 162.
  if (mode === 'alike') counts[alike - 1] = values.length;
  else {
    const short = Math.min(8, values.length - 1);
    counts.fill(1, 1, 1 + short);
    counts[15] = values.length - short;
  }
  const codes = new Map<number, Code>();
  let bits = 0;
  let place = 0;
  counts.forEach((count, i) => {
    for (let n = 0; n < count; n++) codes.set(values[place++]!, { bits: bits++, length: i + 1 });
    bits <<= 1;
  });
  return { counts, values, codes };
}

/**
 * The entropy-coded data of a scan as plain bits, one window at a time: without stuffed zero bytes (ITU-T T.81,
 * F.1.2.3) and without markers, so that the decoder reads any 25 bits with one access. Pure.
 *
 * Positions are in bits from the start of the window.
 */
import { damaged } from './frame-error.js';
import { endsTooSoon } from './markers.js';

/** An MCU is at most 10 blocks (T.81, B.2.3) of 64 symbols of at most 27 bits. */
const maxMcuBytes = 2160;
/** Fits the L1 cache. */
const windowBytes = 16_384;

export class BitWindow {
  /** 32 bits can be read at any position of an MCU that begins before `readableBits`. */
  readonly view = new DataView(new ArrayBuffer(windowBytes + maxMcuBytes + 8));
  /** Last position at which an MCU may begin; above it call `refill`. */
  readableBits = 0;

  readonly #bytes = new Uint8Array(this.view.buffer);
  #jpeg: Buffer = Buffer.alloc(0);
  #jpegView: DataView = new DataView(this.#jpeg.buffer);
  /** Next byte of the JPEG to read; at a marker, its FF. */
  #at = 0;
  #byteCount = 0;
  #isAtEnd = false;

  /** Starts a scan or restart interval at a byte of the JPEG; the position is 0. */
  start(jpeg: Buffer, at: number): void {
    if (jpeg !== this.#jpeg) {
      this.#jpeg = jpeg;
      this.#jpegView = new DataView(jpeg.buffer, jpeg.byteOffset, jpeg.length);
    }
    this.#at = at;
    this.#byteCount = 0;
    this.#isAtEnd = false;
    this.#fill();
  }

  /**
   * Moves the window when the position is above `readableBits`.
   * @returns the new position of the same bit @throws {OperationalError} FRAME: there are no more bits
   */
  refill(position: number): number {
    if (this.#isAtEnd) throw this.#endsEarly();
    const from = position >>> 3;
    this.#bytes.copyWithin(0, from, this.#byteCount);
    this.#byteCount -= from;
    this.#fill();
    return position & 7;
  }

  /**
   * Ends at the marker after the position. @returns its offset in the JPEG; the JPEG's length when there is none
   * @throws {OperationalError} FRAME: too few bits, or more than `maxSpareBytes` before the marker
   */
  end(position: number, maxSpareBytes: number): number {
    if (!this.#isAtEnd) position = this.refill(position);
    if (position > 8 * this.#byteCount) throw this.#endsEarly();
    const spareBytes = this.#byteCount - ((position + 7) >>> 3);
    if (!this.#isAtEnd || spareBytes > maxSpareBytes) {
      throw damaged('excess entropy-coded data before the next marker');
    }
    return this.#at;
  }

  #endsEarly(): Error {
    const hasMarker = this.#at < this.#jpeg.length;
    return damaged(hasMarker ? 'its entropy-coded data end too early' : endsTooSoon);
  }

  /** Fills the window, up to the next marker. */
  #fill(): void {
    const source = this.#jpegView;
    const target = this.view;
    const bytes = this.#bytes;
    const length = source.byteLength;
    let at = this.#at;
    let count = this.#byteCount;
    while (count < windowBytes) {
      if (at + 4 <= length) {
        const four = source.getInt32(at);
        // Tests that none of the four bytes is FF: the complement has no zero byte.
        if (((~four - 0x01010101) & four & 0x80808080) === 0) {
          target.setInt32(count, four);
          at += 4;
          count += 4;
          continue;
        }
      }
      const byte = this.#jpeg[at];
      if (byte === undefined) {
        this.#isAtEnd = true;
        break;
      }
      at += 1;
      if (byte === 0xff) {
        const next = this.#jpeg[at];
        if (next === 0xff) continue; // a fill byte
        if (next !== 0) {
          at -= 1;
          this.#isAtEnd = true;
          break;
        }
        at += 1;
      }
      bytes[count++] = byte;
    }
    this.#at = at;
    this.#byteCount = count;
    // At the end a truncated MCU reads zeros; `end` or `refill` then reports the missing data.
    if (this.#isAtEnd) bytes.fill(0, count);
    this.readableBits = 8 * (this.#isAtEnd ? count : count - maxMcuBytes);
  }
}

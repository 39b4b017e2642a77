/**
 * The entropy-coded bytes of a scan as plain bits, a window at a time: stuffed zeros taken out (ITU-T T.81,
 * F.1.2.3), markers kept out, so that the decoder reads any 25 bits with one look. Pure.
 *
 * Positions are in bits from the window's start.
 */
import { damaged } from './frame-error.js';
import { endsTooSoon } from './markers.js';

/** An MCU is at most 10 blocks (T.81, B.2.3) of 64 symbols of at most 27 bits. */
const maxMcuBytes = 2160;
/** Stays in the processor's nearest cache. */
const windowBytes = 16_384;

export class BitWindow {
  /** 32 bits can be read at any place of an MCU that begins before `readableBits`. */
  readonly view: DataView;
  /** Where an MCU may still begin; beyond it, `refill` is due. */
  readableBits = 0;

  readonly #bytes = new Uint8Array(windowBytes + maxMcuBytes + 8);
  readonly #jpeg: Buffer;
  readonly #jpegView: DataView;
  /** Next byte of the JPEG to be taken; where there is a marker, its FF. */
  #at = 0;
  #byteCount = 0;
  #isAtEnd = false;

  constructor(jpeg: Buffer) {
    this.#jpeg = jpeg;
    this.#jpegView = new DataView(jpeg.buffer, jpeg.byteOffset, jpeg.length);
    this.view = new DataView(this.#bytes.buffer);
  }

  /** Begins at a byte of the JPEG; the position is 0. */
  start(at: number): void {
    this.#at = at;
    this.#byteCount = 0;
    this.#isAtEnd = false;
    this.#take();
  }

  /**
   * To be called when the position is beyond `readableBits`.
   * @returns the same place's new position @throws {OperationalError} FRAME: there are no more bits
   */
  refill(position: number): number {
    if (this.#isAtEnd) throw this.#endsEarly();
    const from = position >>> 3;
    this.#bytes.copyWithin(0, from, this.#byteCount);
    this.#byteCount -= from;
    this.#take();
    return position & 7;
  }

  /**
   * Ends at the marker after the position. @returns where in the JPEG it is; its length when there is none
   * @throws {OperationalError} FRAME: the bits were not enough, or there are more than `maxSpareBytes`
   */
  end(position: number, maxSpareBytes: number): number {
    if (!this.#isAtEnd) position = this.refill(position);
    if (position > 8 * this.#byteCount) throw this.#endsEarly();
    const spareBytes = this.#byteCount - ((position + 7) >>> 3);
    if (!this.#isAtEnd || spareBytes > maxSpareBytes) {
      throw damaged('there are more picture data than the picture has room for');
    }
    return this.#at;
  }

  #endsEarly(): Error {
    const hasMarker = this.#at < this.#jpeg.length;
    return damaged(hasMarker ? 'its picture data end early' : endsTooSoon);
  }

  /** Fills the window, or as much of it as there is before the next marker. */
  #take(): void {
    const source = this.#jpegView;
    const target = this.view;
    const bytes = this.#bytes;
    const length = source.byteLength;
    let at = this.#at;
    let count = this.#byteCount;
    while (count < windowBytes) {
      if (at + 4 <= length) {
        const four = source.getInt32(at);
        // None of the four is FF: no byte of the complement is zero.
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
    // A scan that was cut off reads what the window had before, for the rest of its MCU, and is found out.
    this.readableBits = 8 * (this.#isAtEnd ? count : count - maxMcuBytes);
  }
}

/**
 * Finds whole JPEGs in a stream of bytes by parsing their markers (ITU-T T.81, annex B): the thumbnail inside an EXIF
 * segment is not a frame. The result does not depend on how the stream is divided into chunks. Pure.
 *
 *   FF D8 [FF xx length payload]… FF DA length header entropy-coded data … FF D9
 *
 * Inside entropy-coded data FF is followed by 00 (a stuffed byte) or D0..D7 (restart); any other marker ends the data:
 * another segment, as in progressive JPEGs, or EOI.
 */
import { ByteQueue } from '../byte-queue.js';
import {
  SOI,
  SOS,
  endsTooSoon,
  isRestart,
  noMarker,
  noPictureData,
  readMarker,
  shortSegment,
  startDamage,
} from './markers.js';

const empty = Buffer.alloc(0);

export type SplitResult =
  | { readonly kind: 'jpeg'; readonly bytes: Buffer }
  /** `reason` completes "the JPEG is damaged: …". */
  | { readonly kind: 'damaged'; readonly reason: string; readonly byteCount: number }
  /** Reported when the limit is exceeded, so `byteCount` is the limit + 1; the rest of the picture is skipped. */
  | { readonly kind: 'too-large'; readonly byteCount: number };

type State =
  | 'between'
  | 'between-ff'
  | 'marker'
  | 'code'
  | 'length-high'
  | 'length-low'
  | 'payload'
  | 'entropy'
  | 'entropy-ff';

export class JpegSplitter {
  readonly #maxBytes: number;
  readonly #maxResults: number;
  #state: State = 'between';
  #segment = 0;
  /** Remaining bytes of the current segment. */
  #remaining = 0;
  #hasScan = false;
  /** True: the current picture is too large; it is parsed to its end and not stored. */
  #isSkipping = false;
  /** The part of the current picture that is in earlier chunks. */
  readonly #held = new ByteQueue();
  #strayBytes = 0;

  #chunk: Buffer = empty;
  #at = 0;
  /** Offset in `#chunk` where the current picture begins or continues. */
  #start = 0;
  #results: SplitResult[] = [];

  /** @param limits after `maxResults` results of one push the rest of its chunk is ignored */
  constructor(limits: { readonly maxBytes: number; readonly maxResults?: number }) {
    this.#maxBytes = limits.maxBytes;
    this.#maxResults = limits.maxResults ?? Infinity;
  }

  /** True: the current picture is incomplete. */
  get isInside(): boolean {
    return this.#state !== 'between' && this.#state !== 'between-ff';
  }

  /** Bytes of the incomplete picture that are stored. */
  get heldBytes(): number {
    return this.#held.length;
  }

  /** Number of bytes so far that belong to no picture. */
  get strayBytes(): number {
    return this.#strayBytes;
  }

  /** Takes the next bytes of the stream. The caller must not change `chunk` afterwards. */
  push(chunk: Buffer): SplitResult[] {
    return this.walk(chunk, Infinity).next().value ?? [];
  }

  /** As `push`, but yields after each `stepsAtOnce` steps: hostile data take one step for every two bytes. */
  *walk(chunk: Buffer, stepsAtOnce: number): Generator<undefined, SplitResult[]> {
    const results: SplitResult[] = [];
    this.#results = results;
    this.#chunk = chunk;
    this.#at = 0;
    this.#start = 0;
    let left = stepsAtOnce;
    while (this.#at < chunk.length && results.length < this.#maxResults) {
      left -= 1;
      if (left === 0) {
        yield;
        left = stepsAtOnce;
      }
      this.#step();
      if (this.#isHolding && this.#pictureBytes(this.#at) > this.#maxBytes) {
        results.push({ kind: 'too-large', byteCount: this.#maxBytes + 1 });
        this.#isSkipping = true;
        this.#held.clear();
      }
    }
    if (this.#isHolding) this.#held.append(chunk.subarray(this.#start));
    this.#chunk = empty;
    return results;
  }

  get #isHolding(): boolean {
    return this.isInside && !this.#isSkipping;
  }

  #step(): void {
    switch (this.#state) {
      case 'between': {
        const from = this.#at;
        const hasFf = this.#skipToFf();
        this.#strayBytes += this.#at - from - (hasFf ? 1 : 0);
        if (hasFf) this.#state = 'between-ff';
        break;
      }
      case 'between-ff': {
        const byte = this.#next();
        if (byte === SOI) this.#begin();
        else {
          this.#strayBytes += byte === 0xff ? 1 : 2;
          if (byte !== 0xff) this.#state = 'between';
        }
        break;
      }
      case 'marker': {
        const byte = this.#next();
        if (byte === 0xff) this.#state = 'code';
        else this.#damage(noMarker(byte));
        break;
      }
      case 'code':
        this.#readCode(this.#next());
        break;
      case 'length-high':
        this.#remaining = this.#next() << 8;
        this.#state = 'length-low';
        break;
      case 'length-low': {
        const length = this.#remaining | this.#next();
        if (length < 2) this.#damage(shortSegment(this.#segment, length));
        else this.#readPayload(length - 2);
        break;
      }
      case 'payload':
        this.#readPayload(this.#remaining);
        break;
      case 'entropy':
        if (!this.#skipToFf()) break;
        // Most often the next byte is in this chunk, and belongs to the data.
        if (isData(this.#chunk[this.#at])) this.#at += 1;
        else this.#state = 'entropy-ff';
        break;
      case 'entropy-ff': {
        const code = this.#next();
        if (isData(code)) this.#state = 'entropy';
        else this.#readCode(code);
        break;
      }
    }
  }

  /** Handles the byte after FF; another FF is a fill byte. */
  #readCode(code: number): void {
    const marker = readMarker(code);
    if ('damage' in marker) {
      const isStart = code === SOI;
      this.#damage(marker.damage, isStart ? this.#at - 2 : this.#at);
      if (isStart) this.#begin();
    } else if (marker.kind === 'end') {
      if (this.#hasScan) this.#finish();
      else this.#damage(noPictureData);
    } else if (marker.kind === 'standalone') this.#state = 'marker';
    else if (marker.kind === 'segment') {
      this.#segment = code;
      this.#state = 'length-high';
    }
  }

  #readPayload(length: number): void {
    const taken = Math.min(length, this.#chunk.length - this.#at);
    this.#at += taken;
    this.#remaining = length - taken;
    if (this.#remaining > 0) this.#state = 'payload';
    else if (this.#segment === SOS) {
      this.#hasScan = true;
      this.#state = 'entropy';
    } else this.#state = 'marker';
  }

  /** Starts a picture; FF D8 are the last two bytes. */
  #begin(): void {
    this.#reset();
    this.#state = 'marker';
    this.#start = Math.max(0, this.#at - 2);
    // FF was the last byte of the previous chunk.
    if (this.#at === 1) this.#held.append(Buffer.from([0xff]));
  }

  #finish(): void {
    const byteCount = this.#pictureBytes(this.#at);
    if (byteCount > this.#maxBytes) this.#end({ kind: 'too-large', byteCount });
    else {
      this.#held.append(this.#chunk.subarray(this.#start, this.#at));
      this.#end({ kind: 'jpeg', bytes: this.#held.take(this.#held.length) });
    }
  }

  /** @param end offset in the chunk where the damaged picture ends; -1: its last FF is in the previous chunk */
  #damage(reason: string, end = this.#at): void {
    this.#end({ kind: 'damaged', reason, byteCount: this.#pictureBytes(end) });
  }

  #end(result: SplitResult): void {
    if (!this.#isSkipping) this.#results.push(result);
    this.#reset();
  }

  #reset(): void {
    this.#state = 'between';
    this.#hasScan = false;
    this.#isSkipping = false;
    this.#held.clear();
  }

  /** Length of the current picture up to an offset in the chunk. */
  #pictureBytes(end: number): number {
    return this.#held.length + end - this.#start;
  }

  #next(): number {
    return this.#chunk[this.#at++] ?? 0;
  }

  /** Skips to after the next FF, or to the end of the chunk. @returns whether there was one */
  #skipToFf(): boolean {
    const found = this.#chunk.indexOf(0xff, this.#at);
    this.#at = found < 0 ? this.#chunk.length : found + 1;
    return found >= 0;
  }
}

/** Whether FF and this byte are within entropy-coded data: a stuffed byte or a restart. */
function isData(code: number | undefined): boolean {
  return code === 0 || (code !== undefined && isRestart(code));
}

/**
 * The reason why `bytes` are not one whole JPEG; undefined: they are. Bytes after EOI (padding, a trailer of the
 * camera) are allowed.
 */
export function findJpegDamage(bytes: Buffer): string | undefined {
  return walkJpeg(bytes, Infinity).next().value;
}

/** As `findJpegDamage`, but yields after each `stepsAtOnce` steps. */
export function* walkJpeg(
  bytes: Buffer,
  stepsAtOnce: number,
): Generator<undefined, string | undefined> {
  const damage = startDamage(bytes);
  if (damage !== undefined) return damage;
  const splitter = new JpegSplitter({ maxBytes: bytes.length, maxResults: 1 });
  const [first] = yield* splitter.walk(bytes, stepsAtOnce);
  if (first === undefined) return endsTooSoon;
  return first.kind === 'damaged' ? first.reason : undefined;
}

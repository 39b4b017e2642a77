/**
 * Finds whole JPEGs in a stream of bytes by walking their markers (ITU-T T.81, annex B), so that the
 * thumbnail inside an EXIF segment is never taken for a frame. Pure; any chunking gives the same result.
 *
 *   FF D8 [FF xx length payload]… FF DA length header entropy-coded data … FF D9
 *
 * Inside entropy-coded data FF is followed by 00 (a stuffed FF) or D0..D7 (restart); any other marker ends
 * it: another segment (progressive scans), or the end of the picture.
 */
import { ByteQueue } from '../byte-queue.js';
import {
  SOI,
  SOS,
  endsTooSoon,
  isEmpty,
  isRestart,
  noMarker,
  noPictureData,
  noStart,
  readMarker,
  shortSegment,
} from './markers.js';

const nothing = Buffer.alloc(0);

export type SplitResult =
  | { readonly kind: 'jpeg'; readonly bytes: Buffer }
  /** A picture began and cannot be finished: `reason` completes "the JPEG is damaged: …". */
  | { readonly kind: 'damaged'; readonly reason: string; readonly byteCount: number }
  /** Said as soon as the limit is passed, so `byteCount` is one more than it; the rest is skipped. */
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
  /** Bytes of the segment in hand that are still to come. */
  #left = 0;
  #hasScan = false;
  /** True while the picture in hand, which was too large, is walked to its end without being held. */
  #isSkipping = false;
  /** The picture in hand, as far as it came in earlier chunks. */
  readonly #held = new ByteQueue();
  #strayBytes = 0;

  #chunk: Buffer = nothing;
  #at = 0;
  /** Where in `#chunk` the picture in hand goes on. */
  #start = 0;
  #results: SplitResult[] = [];

  /** @param limits after `maxResults` of one push the rest of its bytes is not looked at */
  constructor(limits: { readonly maxBytes: number; readonly maxResults?: number }) {
    this.#maxBytes = limits.maxBytes;
    this.#maxResults = limits.maxResults ?? Infinity;
  }

  /** True when a picture has begun and is not finished. */
  get isInside(): boolean {
    return this.#state !== 'between' && this.#state !== 'between-ff';
  }

  /** Bytes of the unfinished picture held in memory. */
  get heldBytes(): number {
    return this.#held.length;
  }

  /** Bytes seen so far that belong to no picture. */
  get strayBytes(): number {
    return this.#strayBytes;
  }

  /** Takes the next bytes of the stream. The caller must not change `chunk` afterwards. */
  push(chunk: Buffer): SplitResult[] {
    return this.walk(chunk, Infinity).next().value ?? [];
  }

  /** As `push`, but pauses after so many steps: hostile bytes take a step for every two of them. */
  *walk(chunk: Buffer, stepsAtOnce: number): Generator<undefined, SplitResult[]> {
    const results: SplitResult[] = [];
    this.#results = results;
    this.#chunk = chunk;
    this.#at = 0;
    this.#start = 0;
    for (let steps = 1; this.#at < chunk.length && results.length < this.#maxResults; steps += 1) {
      if (steps % stepsAtOnce === 0) yield;
      this.#step();
      if (this.#isHolding && this.#pictureBytes(this.#at) > this.#maxBytes) {
        results.push({ kind: 'too-large', byteCount: this.#maxBytes + 1 });
        this.#isSkipping = true;
        this.#held.clear();
      }
    }
    if (this.#isHolding) this.#held.append(chunk.subarray(this.#start));
    this.#chunk = nothing;
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
        this.#left = this.#next() << 8;
        this.#state = 'length-low';
        break;
      case 'length-low': {
        const length = this.#left | this.#next();
        if (length < 2) this.#damage(shortSegment(this.#segment, length));
        else this.#readPayload(length - 2);
        break;
      }
      case 'payload':
        this.#readPayload(this.#left);
        break;
      case 'entropy':
        if (this.#skipToFf()) this.#state = 'entropy-ff';
        break;
      case 'entropy-ff': {
        const code = this.#next();
        if (code === 0 || isRestart(code)) this.#state = 'entropy';
        else this.#readCode(code);
        break;
      }
    }
  }

  /** The byte after FF where a marker is read; FF there is a fill byte. */
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
    this.#left = length - taken;
    if (this.#left > 0) this.#state = 'payload';
    else if (this.#segment === SOS) {
      this.#hasScan = true;
      this.#state = 'entropy';
    } else this.#state = 'marker';
  }

  /** The two bytes FF D8 have just been read: a picture may begin. */
  #begin(): void {
    this.#reset();
    this.#state = 'marker';
    this.#start = Math.max(0, this.#at - 2);
    // FF came in the chunk before.
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

  /** @param end where in the chunk the damaged picture ends; before it when FF came in the chunk before */
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

  /** Length of the picture in hand up to a place in the chunk. */
  #pictureBytes(end: number): number {
    return this.#held.length + end - this.#start;
  }

  #next(): number {
    return this.#chunk[this.#at++] ?? 0;
  }

  /** Goes past the next FF, or to the end of the chunk. @returns whether there was one */
  #skipToFf(): boolean {
    const found = this.#chunk.indexOf(0xff, this.#at);
    this.#at = found < 0 ? this.#chunk.length : found + 1;
    return found >= 0;
  }
}

/**
 * Why `bytes` are not one whole JPEG, or undefined when they are. Bytes after the end of the picture
 * (padding, a camera maker's trailer) are allowed: they are part of the file, not of the picture.
 */
export function findJpegDamage(bytes: Buffer): string | undefined {
  return walkJpeg(bytes, Infinity).next().value;
}

/** As `findJpegDamage`, but pauses after so many steps. */
export function* walkJpeg(
  bytes: Buffer,
  stepsAtOnce: number,
): Generator<undefined, string | undefined> {
  if (bytes.length === 0) return isEmpty;
  if (bytes[0] !== 0xff || bytes[1] !== SOI) return noStart;
  const splitter = new JpegSplitter({ maxBytes: bytes.length, maxResults: 1 });
  const [first] = yield* splitter.walk(bytes, stepsAtOnce);
  if (first === undefined) return endsTooSoon;
  return first.kind === 'damaged' ? first.reason : undefined;
}

/**
 * The camera of the fault suite: writes each frame into a folder under a temporary name and renames it. It keeps the
 * SHA-256 of every frame, and how often it was put.
 */
import { createHash } from 'node:crypto';
import { renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeJpeg } from '../support/pictures.js';

/** Counts by SHA-256. */
export type Tally = Map<string, number>;

export function count(tally: Tally, sha256: string): void {
  tally.set(sha256, (tally.get(sha256) ?? 0) + 1);
}

const template = makeJpeg(1);
/** One in this many frames has the bytes of the one before: equal pictures are separate frames. */
const twinEvery = 12;
/** One in this many frames the clock repeats an earlier time: another frame with the same plain name. */
const sameTimeEvery = 25;
/** A smaller step is a clock correction for the agent, which then adds 1 ms to the time of the frame before. */
const backMs = 3000;
/** Files kept in the folder. */
const filesKept = 60;

/** Maximum payload of a comment segment. */
const mostCommentBytes = 65_000;

/** A whole, unique JPEG: its number and padding are in a comment segment. */
export function numberedJpeg(number: number, bytes: number, picture = template): Buffer {
  const words = `frame ${number} `;
  const comment = Buffer.from(words.repeat(Math.ceil(bytes / words.length)).slice(0, bytes));
  const head = Buffer.from([0xff, 0xfe, 0, 0]);
  head.writeUInt16BE(comment.length + 2, 2);
  return Buffer.concat([picture.subarray(0, 2), head, comment, picture.subarray(2)]);
}

export class Camera {
  readonly put: Tally = new Map();
  readonly #directory: string;
  readonly #random: () => number;
  readonly #leastBytes: number;
  readonly #pictures: readonly Buffer[];
  readonly #times: number[] = [];
  #number = 0;
  #last: Buffer = template;
  /** Error of its clock. */
  clockOffsetMs = 0;

  /** @param leastBytes of a frame, about @param pictures that it sees, over and over */
  constructor(
    directory: string,
    random: () => number,
    leastBytes = 2000,
    pictures: readonly Buffer[] = [template],
  ) {
    this.#pictures = pictures;
    this.#directory = directory;
    this.#leastBytes = leastBytes;
    this.#random = random;
  }

  get putCount(): number {
    return this.#number;
  }

  shoot(): void {
    const number = (this.#number += 1);
    const isTwin = number % twinEvery === 0;
    // Most are small; some take many chunks on the wire.
    const most = this.#leastBytes + (number % 10 === 0 ? 60_000 : 6000);
    const spread = Math.min(most, mostCommentBytes) - this.#leastBytes;
    const bytes = this.#leastBytes + Math.floor(this.#random() * spread);
    const jpeg = isTwin
      ? this.#last
      : numberedJpeg(number, bytes, this.#pictures[number % this.#pictures.length]);
    this.#last = jpeg;
    const nowMs = Date.now() + this.clockOffsetMs;
    const earlier = this.#times.findLast((timeMs) => timeMs < nowMs - backMs);
    const atMs = (number % sameTimeEvery === 0 ? earlier : undefined) ?? nowMs;
    this.#times.push(atMs);
    const unfinished = join(this.#directory, `.${number}`);
    writeFileSync(unfinished, jpeg);
    utimesSync(unfinished, (atMs + 0.0005) / 1000, (atMs + 0.0005) / 1000);
    renameSync(unfinished, join(this.#directory, `${number}.jpg`));
    count(this.put, createHash('sha256').update(jpeg).digest('hex'));
    rmSync(join(this.#directory, `${number - filesKept}.jpg`), { force: true });
  }
}

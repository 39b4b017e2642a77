/** Hand-made data of agents: valid and invalid messages as bytes, and JPEGs of any size. */
import { createHash } from 'node:crypto';
import { preface } from '../../shared/protocol/protocol-limits.js';
import { encodeMessage } from '../../shared/protocol/wire.js';
import { makeJpeg } from '../support/pictures.js';

const template = makeJpeg(1);
const maxCommentBytes = 65_000;

/** A whole JPEG of about `bytes`, unique if `words` are: its comments contain them. */
export function paddedJpeg(words: string, bytes: number): Buffer {
  const pieces = [template.subarray(0, 2)];
  for (let left = Math.max(bytes - template.length, words.length); left > 0;) {
    const comment = Buffer.alloc(Math.max(Math.min(left, maxCommentBytes), words.length), 0x20);
    comment.write(words);
    const head = Buffer.from([0xff, 0xfe, 0, 0]);
    head.writeUInt16BE(comment.length + 2, 2);
    pieces.push(head, comment);
    left -= comment.length + head.length;
  }
  return Buffer.concat([...pieces, template.subarray(2)]);
}

export const sha256Of = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** A SHA-256 of no sent data. */
export const wrongSha256 = 'a5'.repeat(32);

/** The preface and a hello; `camera` and `epoch` may be invalid. */
export function greeting(camera: unknown, epoch: unknown): Buffer {
  const [hello] = encodeMessage({ type: 'hello', camera, epoch, agent: 'hostile' });
  return Buffer.concat([Buffer.from(preface), hello]);
}

export interface FrameFacts {
  readonly sequence: number;
  readonly capturedAtMs: number;
  readonly sha256: string;
}

export function frameHeader(facts: FrameFacts): object {
  const verdict = { reason: 'change', ratio: 0.1, boxes: [] };
  return { type: 'frame', utcOffsetMinutes: 0, verdict, ...facts };
}

/** A frame message in one piece. */
export function frameMessage(facts: FrameFacts, body: Buffer): Buffer {
  return Buffer.concat(encodeMessage(frameHeader(facts), body));
}

export function message(header: object): Buffer {
  return encodeMessage(header)[0];
}

/** A `dropped` message. @param ranges number of its sequence ranges; 0: without `sequences` */
export function holeMessage(sequence: number, capturedAtMs: number, ranges = 0): Buffer {
  const sequences = Array.from({ length: ranges }, (_, at) => [at * 4, at * 4 + 1]);
  return message({
    ...{ type: 'dropped', sequence, count: Math.max(ranges * 2, 1), why: 'size' },
    ...{ firstCapturedAtMs: capturedAtMs, lastCapturedAtMs: capturedAtMs + 1000 },
    ...{ utcOffsetMinutes: 0, ...(ranges > 0 && { sequences }) },
  });
}

/** A `report` message. @param ends number of its ended events */
export function reportMessage(sequence: number, toMs: number, ends = 0): Buffer {
  const ended = Array.from({ length: ends }, (_, at) => ({
    ...{ event: `e${sequence}.${at}`, firstAtMs: toMs - 1000, lastAtMs: toMs, frames: 1 },
  }));
  return message({
    ...{ type: 'report', sequence, fromMs: toMs - 60_000, toMs, utcOffsetMinutes: 0 },
    ...{ state: 'watching', compared: 60, changed: 1, skipped: 0, waiting: 0, dropped: 0 },
    ...{ everyMs: 60_000, clockMs: toMs, ...(ends > 0 && { ended }) },
  });
}

/** What agents say, made by hand: messages as bytes, right ones and wrong ones, and JPEGs of any size. */
import { createHash } from 'node:crypto';
import { preface } from '../../shared/protocol/protocol-limits.js';
import { encodeMessage } from '../../shared/protocol/wire.js';
import { makeJpeg } from '../support/pictures.js';

const template = makeJpeg(1);
const maxCommentBytes = 65_000;

/** A whole JPEG of about `bytes` that nothing else equals if `words` are its own: they are in its comments. */
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

/** The SHA-256 of nothing that is sent. */
export const wrongSha256 = 'a5'.repeat(32);

/** The preface and a hello. `camera` and `epoch` are as the caller wants them, valid or not. */
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

/** A note that frames were dropped. @param ranges how many runs of sequences it names; 0: none */
export function holeMessage(sequence: number, capturedAtMs: number, ranges = 0): Buffer {
  const sequences = Array.from({ length: ranges }, (_, at) => [at * 4, at * 4 + 1]);
  return message({
    ...{ type: 'dropped', sequence, count: Math.max(ranges * 2, 1), why: 'size' },
    ...{ firstCapturedAtMs: capturedAtMs, lastCapturedAtMs: capturedAtMs + 1000 },
    ...{ utcOffsetMinutes: 0, ...(ranges > 0 && { sequences }) },
  });
}

/** The bytes of one step of a hostile session. */
import { randomBytes } from 'node:crypto';
import {
  frameHeader,
  frameMessage,
  greeting,
  holeMessage,
  message,
  paddedJpeg,
  reportMessage,
  sha256Of,
  wrongSha256,
} from './material.js';
import { type StepKind, honestName } from './plan.js';

export interface StepFacts {
  /** Makes its pictures unique. */
  readonly who: string;
  readonly index: number;
  /** Messages of the session before this one, and this one. */
  readonly made: number;
}

interface StepBytes {
  readonly bytes: Buffer;
  /** Called with a picture that may be stored. */
  readonly storable?: Buffer;
}

/** A time that sessions share, so that their frames have the same plain names. */
const sharedTimeMs = Date.UTC(2026, 10, 22, 12);
/** Larger than any `--max-frame` here. */
const tooLargeBytes = 8 * 2 ** 20;
const bytesOf = (bytes: Buffer): StepBytes => ({ bytes });

export function stepMessages(kind: StepKind, { who, index, made }: StepFacts): StepBytes {
  const jpeg = paddedJpeg(who, made % 10 === 0 ? 40_000 : 1500);
  const facts = {
    sequence: made,
    capturedAtMs: sharedTimeMs + made * 1000,
    sha256: sha256Of(jpeg),
  };
  const frame = (changes: object = {}): StepBytes => ({
    bytes: frameMessage({ ...facts, ...changes }, jpeg),
    storable: jpeg,
  });
  const text = (words: string): StepBytes => bytesOf(Buffer.from(words));
  switch (kind) {
    case 'frame':
      return frame();
    case 'same-time':
      return frame({ capturedAtMs: sharedTimeMs });
    case 'same-sequence':
      return frame({ sequence: 1 });
    case 'odd-time':
      return frame({ capturedAtMs: [0, -8.63e15, 8.63e15, Date.UTC(9999, 11, 31)][made % 4]! });
    case 'huge-sequence':
      return frame({ sequence: Number.MAX_SAFE_INTEGER - made });
    case 'bad-sequence':
      return frame({ sequence: [-1, 1.5, '1', null][made % 4] });
    case 'bad-verdict':
      return frame({ verdict: { reason: '../x', ratio: 7, boxes: [[1]] } });
    case 'wrong-hash':
      return bytesOf(frameMessage({ ...facts, sha256: wrongSha256 }, jpeg));
    case 'no-jpeg': {
      const noJpeg = randomBytes(2000);
      return bytesOf(frameMessage({ ...facts, sha256: sha256Of(noJpeg) }, noJpeg));
    }
    case 'no-bytes': {
      const nothing = Buffer.alloc(0);
      return bytesOf(frameMessage({ ...facts, sha256: sha256Of(nothing) }, nothing));
    }
    case 'too-large':
      return bytesOf(frameMessage(facts, Buffer.alloc(tooLargeBytes)).subarray(0, 4000));
    case 'cut':
      return bytesOf(frameMessage(facts, jpeg).subarray(0, -100));
    case 'hole':
      return bytesOf(holeMessage(made, facts.capturedAtMs));
    case 'hole-sequences':
      return bytesOf(holeMessage(made, facts.capturedAtMs, 1 + (made % 256)));
    case 'bad-hole':
      return bytesOf(message({ type: 'dropped', sequence: made, count: 0, why: '../../x' }));
    case 'report':
      return bytesOf(reportMessage(made, facts.capturedAtMs));
    case 'report-ends':
      return bytesOf(reportMessage(made, facts.capturedAtMs, 1 + (made % 64)));
    case 'bad-report':
      return bytesOf(message({ type: 'report', sequence: made, state: '../x', ended: [1] }));
    case 'ping':
      return bytesOf(message({ type: 'ping' }));
    case 'pair':
      return bytesOf(message({ type: 'pair', agent: 'hostile' }));
    case 'bye':
      return bytesOf(message({ type: 'bye', code: 'stopping', retryAfterMs: 86_400_000 }));
    case 'hello-again':
      return bytesOf(greeting(honestName, wrongSha256.slice(0, 32)).subarray(7));
    case 'unknown-type':
      return bytesOf(message({ type: `new-${index}`, sequence: made, text: 'x'.repeat(500) }));
    case 'garbage':
      return bytesOf(randomBytes(300));
    case 'bad-check': {
      const [damaged] = [frameMessage(facts, jpeg)];
      damaged[11]! ^= 1;
      return bytesOf(damaged);
    }
    case 'long-header':
      return bytesOf(message({ ...frameHeader(facts), text: 'x'.repeat(70_000) }));
    case 'no-json':
      return text('\0\0\0\u0004\0\0\0\0....null');
    case 'text':
      return text('GET / HTTP/1.1\r\n\r\n');
    case 'pause':
      return bytesOf(Buffer.alloc(0));
  }
}

/** Headers of the framed protocol: each is accepted, skipped or refused, and nothing else can happen. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OperationalError } from '../../../shared/cli/errors.js';
import { maxBoxes, maxSequenceRanges } from '../../../shared/protocol/protocol-limits.js';
import { readAgentMessage, readReceiverMessage } from '../../../shared/protocol/messages.js';

type Header = Record<string, unknown>;

const verdict = { reason: 'change', ratio: 0.25, boxes: [[0, 10, 20, 30]], event: 'e-1' };
const newVerdict = { ...verdict, changed: true, strength: 2.5 };
const frame = {
  type: 'frame',
  sequence: 7,
  capturedAtMs: 1_795_332_615_123,
  utcOffsetMinutes: 60,
  sha256: '0123456789abcdef'.repeat(4),
  verdict,
};
const manyRanges = (length: number): number[][] =>
  Array.from({ length }, (_, index) => [3 * index, 3 * index + 1]);
const dropped = {
  type: 'dropped',
  sequence: 9000,
  count: 12,
  firstCapturedAtMs: 1_795_332_615_123,
  lastCapturedAtMs: 1_795_332_627_123,
  utcOffsetMinutes: 60,
  why: 'size',
};
const hello = { type: 'hello', camera: 'front-door', epoch: '00112233445566ff', agent: '1.0.0' };
const welcome = {
  type: 'welcome',
  receiver: '1.0.0',
  maxFrameBytes: 16_777_216,
  maxInFlight: 8,
  clockMs: 1_795_332_615_000,
};
const stored = { type: 'stored', sequence: 7, name: 'a/b.jpg', duplicate: false };
const refused = { type: 'refused', sequence: 7, code: 'store', message: 'disk full', retry: true };
const bye = { type: 'bye', code: 'stopping', message: 'stopping', retryAfterMs: 1000 };

const fromAgent: readonly Header[] = [
  hello,
  frame,
  { ...frame, verdict: newVerdict },
  dropped,
  { ...dropped, sequences: manyRanges(maxSequenceRanges) },
  { type: 'ping' },
  { type: 'bye' },
  bye,
];
const fromReceiver: readonly Header[] = [
  welcome,
  stored,
  refused,
  { ...refused, retryAfterMs: 5000 },
  { type: 'pong' },
  { type: 'bye' },
  bye,
];

function wrong(message: string): unknown {
  return expect.objectContaining({
    name: 'OperationalError',
    code: 'PROTOCOL',
    message: expect.stringContaining(message) as string,
  });
}

describe('reading a header', () => {
  it.each(fromAgent)("accepts the agent's $type", (header) => {
    expect(readAgentMessage(header)).toEqual(header);
  });

  it.each(fromReceiver)("accepts the receiver's $type", (header) => {
    expect(readReceiverMessage(header)).toEqual(header);
  });

  it('drops fields of a newer version, inside the verdict too', () => {
    const newer = { ...frame, gps: [1, 2], verdict: { ...verdict, mood: 'calm' } };
    expect(readAgentMessage(newer)).toEqual(frame);
  });

  it('accepts a reason of a newer version', () => {
    expect(readAgentMessage({ ...frame, verdict: { ...verdict, reason: 'heat' } })).toBeDefined();
  });

  it.each([
    'coverage',
    'welcome',
    '',
    'HELLO',
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
  ])('skips the unknown type %j', (type) => {
    expect(readAgentMessage({ ...hello, type })).toBeUndefined();
  });

  it.each(['hello', 'frame', 'ping'])("skips the agent's %s from a receiver", (type) => {
    expect(readReceiverMessage({ ...hello, ...frame, type })).toBeUndefined();
  });

  it.each([{}, { type: 1 }, { type: null }, { type: ['ping'] }, { type: { toString: 'ping' } }])(
    'refuses a header without a type: %j',
    (header) => {
      expect(() => readAgentMessage(header)).toThrow(wrong('a message without a type'));
    },
  );

  it.each<[where: string, header: Header]>([
    ['camera', { ...hello, camera: '../etc' }],
    ['camera', { ...hello, camera: 'raw-1' }],
    ['camera', { ...hello, camera: 'a'.repeat(64) }],
    ['camera', { ...hello, camera: ['yard'] }],
    ['epoch', { ...hello, epoch: 'zz' }],
    ['epoch', { ...hello, epoch: '00112233445566FF' }],
    ['epoch', { ...hello, epoch: '0/../112233445566' }],
    ['agent', { ...hello, agent: 'x'.repeat(65) }],
    ['sequence', { ...frame, sequence: -1 }],
    ['sequence', { ...frame, sequence: 1.5 }],
    ['sequence', { ...frame, sequence: 2 ** 53 }],
    ['sequence', { ...frame, sequence: '7' }],
    ['sequence', { ...frame, sequence: Number.POSITIVE_INFINITY }],
    ['sequence', { ...frame, sequence: undefined }],
    ['capturedAtMs', { ...frame, capturedAtMs: 8.64e15 }],
    ['capturedAtMs', { ...frame, capturedAtMs: -8.64e15 }],
    ['utcOffsetMinutes', { ...frame, utcOffsetMinutes: 1440 }],
    ['utcOffsetMinutes', { ...frame, utcOffsetMinutes: -1440 }],
    ['utcOffsetMinutes', { ...frame, utcOffsetMinutes: 0.5 }],
    ['sha256', { ...frame, sha256: 'ab' }],
    ['sha256', { ...frame, sha256: `${frame.sha256}\n` }],
    ['verdict', { ...frame, verdict: null }],
    ['verdict.reason', { ...frame, verdict: { ...verdict, reason: 'no words' } }],
    ['verdict.ratio', { ...frame, verdict: { ...verdict, ratio: 1.01 } }],
    ['verdict.ratio', { ...frame, verdict: { ...verdict, ratio: -0.01 } }],
    ['verdict.strength', { ...frame, verdict: { ...verdict, strength: -1 } }],
    ['verdict.strength', { ...frame, verdict: { ...verdict, strength: '3' } }],
    ['verdict.changed', { ...frame, verdict: { ...verdict, changed: 1 } }],
    [
      'verdict.boxes',
      { ...frame, verdict: { ...verdict, boxes: Array(maxBoxes + 1).fill([0, 0, 1, 1]) } },
    ],
    ['verdict.boxes.0.3', { ...frame, verdict: { ...verdict, boxes: [[0, 0, 1]] } }],
    ['verdict.boxes.0.0', { ...frame, verdict: { ...verdict, boxes: [[-1, 0, 1, 1]] } }],
    ['verdict.event', { ...frame, verdict: { ...verdict, event: null } }],
    ['verdict.event', { ...frame, verdict: { ...verdict, event: 'a b' } }],
    ['sequences', { ...dropped, sequences: [] }],
    ['sequences.0', { ...dropped, sequences: [[2, 1]] }],
    [
      'sequences',
      {
        ...dropped,
        sequences: [
          [1, 2],
          [2, 3],
        ],
      },
    ],
    ['sequences', { ...dropped, sequences: manyRanges(maxSequenceRanges + 1) }],
    ['code', { ...bye, code: 'Not A Word' }],
    ['message', { ...bye, message: 'x'.repeat(1001) }],
    ['retryAfterMs', { ...bye, retryAfterMs: 86_400_001 }],
  ])("refuses an agent's message with an invalid %s: %j", (where, header) => {
    expect(() => readAgentMessage(header)).toThrow(wrong(`with an invalid ${where}: `));
  });

  it.each<[where: string, header: Header]>([
    ['maxInFlight', { ...welcome, maxInFlight: 0 }],
    ['maxFrameBytes', { ...welcome, maxFrameBytes: -1 }],
    ['clockMs', { ...welcome, clockMs: 'now' }],
    ['name', { ...stored, name: 'x'.repeat(513) }],
    ['duplicate', { ...stored, duplicate: 'no' }],
    ['retry', { ...refused, retry: undefined }],
    ['retryAfterMs', { ...refused, retryAfterMs: -1 }],
  ])("refuses a receiver's message with an invalid %s: %j", (where, header) => {
    expect(() => readReceiverMessage(header)).toThrow(wrong(`with an invalid ${where}: `));
  });

  it('does not repeat a long value in its error', () => {
    const error = catchError(() => readAgentMessage({ ...hello, epoch: 'x'.repeat(60_000) }));
    expect(error).toBeInstanceOf(OperationalError);
    expect(String(error).length).toBeLessThan(300);
  });

  it('gives a message, undefined or a violation for any header', () => {
    const readers = fc.constantFrom(readAgentMessage, readReceiverMessage);
    const odd = fc.oneof(
      fc.jsonValue(),
      fc.double(),
      fc.constantFrom(2 ** 53, -1, 1e308, '__proto__', 'constructor', 'x'.repeat(70_000)),
    );
    const headers = fc.oneof(
      fc.dictionary(fc.oneof(fc.string(), fc.constantFrom('type', '__proto__', 'sequence')), odd),
      // A good header with one field replaced, or with one inside its verdict.
      fc
        .tuple(fc.constantFrom(...fromAgent, ...fromReceiver), odd)
        .chain(([header, value]) =>
          fc.constantFrom(...Object.keys(header)).map((key) => ({ ...header, [key]: value })),
        ),
      fc
        .tuple(fc.constantFrom(...Object.keys(verdict)), odd)
        .map(([key, value]) => ({ ...frame, verdict: { ...verdict, [key]: value } })),
    );
    fc.assert(
      fc.property(readers, headers, (read, header) => {
        const thrown = catchError(() => {
          const message = read(header);
          if (message !== undefined) expect(message.type).toBe(header.type);
        });
        if (thrown !== undefined) expect(thrown).toEqual(wrong('a '));
      }),
      { numRuns: 1000 },
    );
  });
});

function catchError(action: () => unknown): unknown {
  try {
    action();
    return undefined;
  } catch (error) {
    return error;
  }
}

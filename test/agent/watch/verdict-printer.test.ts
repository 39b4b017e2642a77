import { describe, expect, it } from 'vitest';
import type { Box, Verdict } from '../../../agent/events/verdict.js';
import { VerdictPrinter } from '../../../agent/watch/verdict-printer.js';

function print(verdict: Verdict, sha256: string | undefined): string {
  let printed = '';
  const frame = { jpeg: Buffer.from('x'), capturedAtMs: 5, origin: 'a test' };
  new VerdictPrinter((text) => (printed += text)).judged({ frame, verdict }, sha256);
  return printed;
}

describe('--json', () => {
  it('prints a line with the verdict and the SHA-256 of a frame that is sent', () => {
    const boxes: Box[] = [[1, 2, 3, 4]];
    const measured = { ratio: 0.1, boxes, changed: true, strength: 2 };
    const sent: Verdict = { reason: 'change', ...measured, event: 'e1' };
    expect(print(sent, 'ab')).toBe(
      '{"event":"judged","capturedAtMs":5,"sha256":"ab","verdict":{"changed":true,"event":"e1",' +
        '"sent":true,"reason":"change","ratio":0.1,"boxes":[[1,2,3,4]],"strength":2}}\n',
    );
  });

  it('prints a line without a reason for a frame that is not sent', () => {
    const quiet = { ratio: 0, boxes: [], changed: false, strength: 0 };
    expect(print({ reason: undefined, ...quiet, event: undefined }, undefined)).toBe(
      '{"event":"judged","capturedAtMs":5,"verdict":{"changed":false,"sent":false,"ratio":0,' +
        '"boxes":[],"strength":0}}\n',
    );
  });
});

/** A program's standard error as one line. */
import { describe, expect, it } from 'vitest';
import { lastLines } from '../../../agent/source/stderr-text.js';

describe('lastLines', () => {
  it('joins lines and leaves out colours, control characters and empty lines', () => {
    expect(lastLines('\u001b[31mno\tcamera\u001b[0m\n\n\u0007gone\r\n')).toBe('no camera / gone');
  });

  it('keeps the last lines of a long text', () => {
    const lines = Array.from({ length: 100 }, (_, n) => `line ${n}`).join('\r');
    const text = lastLines(lines);
    expect(text.length).toBeLessThan(500);
    expect(text).toMatch(/ \/ line 98 \/ line 99$/);
    expect(lastLines('x'.repeat(10_000))).toBe('x'.repeat(300));
  });

  it('is empty for blank text', () => {
    expect(lastLines(' \n\u001b[0m')).toBe('');
  });
});

/** What a program said, as one line. */
import { describe, expect, it } from 'vitest';
import { lastWords } from '../../../agent/source/stderr-text.js';

describe('lastWords', () => {
  it('joins lines and leaves out colours, control characters and empty lines', () => {
    expect(lastWords('\u001b[31mno\tcamera\u001b[0m\n\n\u0007gone\r\n')).toBe('no camera / gone');
  });

  it('keeps the last of what would be too long', () => {
    const lines = Array.from({ length: 100 }, (_, n) => `line ${n}`).join('\r');
    const words = lastWords(lines);
    expect(words.length).toBeLessThan(500);
    expect(words).toMatch(/ \/ line 98 \/ line 99$/);
    expect(lastWords('x'.repeat(10_000))).toBe('x'.repeat(300));
  });

  it('is empty when nothing was said', () => {
    expect(lastWords(' \n\u001b[0m')).toBe('');
  });
});

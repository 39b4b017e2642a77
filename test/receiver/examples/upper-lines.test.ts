import { describe, expect, it } from 'vitest';
import { UpperLines } from '../../../receiver/examples/upper-lines.js';

describe('lines in upper case', () => {
  it('are answered as they end, wherever the pieces are cut', () => {
    const bytes = Buffer.from('hello computer\r\ngrüße\nrest');
    for (let at = 0; at <= bytes.length; at += 1) {
      const lines = new UpperLines(20);
      const answers = [lines.push(bytes.subarray(0, at)), lines.push(bytes.subarray(at))];
      expect(`${answers.join('')}|${lines.end()}`).toBe('HELLO COMPUTER\r\nGRÜSSE\n|REST');
    }
  });

  it('are refused when one is too long, with or without its end', () => {
    expect(new UpperLines(4).push(Buffer.from('abcd\n'))).toBe('ABCD\n');
    expect(new UpperLines(4).push(Buffer.from('abcde\n'))).toBeUndefined();
    expect(new UpperLines(4).push(Buffer.from('a\nabcde'))).toBeUndefined();
    const pieces = new UpperLines(4);
    expect(pieces.push(Buffer.from('abc'))).toBe('');
    expect(pieces.push(Buffer.from('de'))).toBeUndefined();
  });
});

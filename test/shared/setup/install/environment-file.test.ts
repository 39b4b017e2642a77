import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  changeEnvironmentFile,
  quoteValue,
  readEnvironmentFile,
} from '../../../../shared/setup/install/environment-file.js';

const read = (text: string) => Object.fromEntries(readEnvironmentFile(text));

describe('an environment file', () => {
  it.each([
    ['plain', 'A=b', { A: 'b' }],
    ['blanks at either end', ' A =  b c  \n', { A: 'b c' }],
    ['comments, and one that goes on', '# A=1\n; B=2\n# C=3 \\\nD=4\nE=5', { E: '5' }],
    ['a # inside a value', 'A=b#c # d', { A: 'b#c # d' }],
    ['nothing', 'A=\nB=', { A: '', B: '' }],
    ['the last of two', 'A=1\nA=2', { A: '2' }],
    ['lines without a sign', 'hello\nA=1', { A: '1' }],
    ['single quotes', "A='b \\ $c \" d'", { A: 'b \\ $c " d' }],
    ['double quotes', 'A="b \\" \\$c \\\\ \\` \\n"', { A: 'b " $c \\ ` \\n' }],
    ['quotes over lines', 'A="b\nc"\nD=e', { A: 'b\nc', D: 'e' }],
    ['pieces', 'A="b"\'c\'d', { A: 'bcd' }],
    ['a line that goes on', 'A=b\\\nc\nD=e', { A: 'bc', D: 'e' }],
    ['blanks that are meant', 'A=b\\ \nC="d "', { A: 'b ', C: 'd ' }],
    ['lines that end as on Windows', 'A=b\r\nC=d\r\n', { A: 'b', C: 'd' }],
    ['other white space as a part', '\u00a0A=\u00a0b\v', { '\u00a0A': '\u00a0b\v' }],
    ['a sign in a value', 'A=b=c', { A: 'b=c' }],
  ])('is read as systemd reads it: %s', (_, text, expected) => {
    expect(read(text)).toEqual(expected);
  });

  it('returns any value as it was set, beside other assignments', () => {
    const value = fc.string({ unit: fc.constantFrom(...Array.from('ab "\'\\$`%#;=\n\té')) });
    fc.assert(
      fc.property(value, value, (one, other) => {
        const text = changeEnvironmentFile('# mine\nX=1\n', { ONE: one, OTHER: other });
        expect(read(text)).toEqual({ X: '1', ONE: one, OTHER: other });
        const again = changeEnvironmentFile(text, { ONE: other });
        expect(read(again)).toEqual({ X: '1', ONE: other, OTHER: other });
      }),
    );
  });

  it('changes one key, and keeps all other text', () => {
    const text = '# why\nA = "old\nvalue" \n\n  B=2 # two\n;C=3\nA=older';
    expect(changeEnvironmentFile(text, { A: 'new' })).toBe(
      '# why\nA = "old\nvalue" \n\n  B=2 # two\n;C=3\nA=new',
    );
    expect(changeEnvironmentFile(text, { B: '2 # two' })).toBe(text);
    expect(changeEnvironmentFile(text, { C: 'x y' })).toBe(`${text}\nC="x y"\n`);
    const first = '# why\nA = "old\nvalue" \nB=2\n';
    expect(changeEnvironmentFile(first, { A: 'n w' })).toBe('# why\nA="n w"\nB=2\n');
  });

  it('removes a key with all of its lines, and keeps all other text', () => {
    const text = '# why\nA="old\nvalue" \n\n  A=2\nB=2\n;C=3\n  A=3';
    expect(changeEnvironmentFile(text, { A: undefined })).toBe('# why\n\nB=2\n;C=3\n');
    expect(changeEnvironmentFile(text, { C: undefined })).toBe(text);
    expect(changeEnvironmentFile('A=1', { A: undefined, B: '2' })).toBe('B=2\n');
  });

  it('removes a key of any text, and keeps the other variables', () => {
    const pieces = ['A=', 'B=', '\n', '\r', '\r\n', '"', "'", '\\', '#', ' ', 'x'];
    const text = fc.string({ unit: fc.constantFrom(...pieces), maxLength: 20 });
    fc.assert(
      fc.property(text, (any) => {
        const others = Object.entries(read(any)).filter(([key]) => key !== 'A');
        const changed = changeEnvironmentFile(any, { A: undefined });
        expect(Object.entries(read(changed))).toEqual(others);
      }),
      { numRuns: 2000 },
    );
  });

  it.each(["A='b", 'A="b', 'A=b\\', '# b \\'])('that ends with %s cannot be extended', (text) => {
    expect(() => changeEnvironmentFile(text, { B: '1' })).toThrow(
      expect.objectContaining({ code: 'INSTALL' }) as Error,
    );
  });

  it('quotes only values with special characters', () => {
    expect(quoteValue('laptop:4444')).toBe('laptop:4444');
    expect(quoteValue('0.5%')).toBe('0.5%');
    expect(quoteValue('')).toBe('""');
    expect(quoteValue('a $b "c" \\ `d`')).toBe('"a \\$b \\"c\\" \\\\ \\`d\\`"');
  });
});

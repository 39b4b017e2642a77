/** Pairing codes, as they are made and typed. */
import { describe, expect, it } from 'vitest';
import { makePairingCode, pairingCode } from '../../../shared/keys/pairing-code.js';

const code = '0123-4567-89AB-CDEF-GHJK-MNPQ-RSTN';

/** The code for a body of 26 characters, with valid check characters. */
function withCheck(body: string): string {
  const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
  for (const one of alphabet) {
    for (const two of alphabet) {
      try {
        pairingCode.parse(body + one + two);
        return body + one + two;
      } catch {
        // not these two
      }
    }
  }
  throw new Error('no check fits');
}

describe('a pairing code', () => {
  it('has 130 random bits and 10 check bits, in letters that are hard to confuse', () => {
    expect(makePairingCode()).toMatch(/^([0-9A-HJKMNP-TV-Z]{4}-){6}[0-9A-HJKMNP-TV-Z]{4}$/);
  });

  it('differs each time, and uses every letter', () => {
    const codes = Array.from({ length: 200 }, makePairingCode);
    expect(new Set(codes).size).toBe(200);
    expect(new Set(codes.join('').replaceAll('-', '')).size).toBe(32);
  });

  it('yields the same secret at both ends, in any way of typing', () => {
    const made = makePairingCode();
    const { id, key } = pairingCode.parse(made);
    expect(id).toMatch(/^[0-9a-f]{16}$/);
    expect(key).toHaveLength(32);
    const plain = made.replaceAll('-', '');
    const typed = [made.toLowerCase(), plain, ` ${plain.replaceAll('0', 'o')} `];
    typed.push(plain.replaceAll('1', 'l'), plain.replaceAll('1', 'I'));
    for (const text of typed) expect(pairingCode.parse(text)).toEqual({ id, key });
  });

  it('has a constant public part that is no part of the key', () => {
    const { id, key } = pairingCode.parse(withCheck('0123456789ABCDEFGHJKMNPQRS'));
    expect({ id, key: key.toString('hex') }).toMatchInlineSnapshot(`
      {
        "id": "935b6a888b50bcce",
        "key": "d925fd3fddb1dc4d710b45d35fc786376d36c3a401a63e5533eaaf93c361f91d",
      }
    `);
    expect(key.toString('hex')).not.toContain(id);
  });

  it('with one wrong letter, or two exchanged, is detected 999 times in 1000', () => {
    const good = makePairingCode().replaceAll('-', '');
    let wrong = 0;
    let missed = 0;
    for (let at = 0; at < good.length; at += 1) {
      for (const letter of '0123456789ABCDEFGHJKMNPQRSTVWXYZ') {
        if (letter === good[at]) continue;
        wrong += 1;
        const text = good.slice(0, at) + letter + good.slice(at + 1);
        try {
          pairingCode.parse(text);
          missed += 1;
        } catch {
          // detected
        }
      }
    }
    expect(wrong).toBe(28 * 31);
    expect(missed).toBeLessThan(8);
  });

  it.each([
    ['too short', code.slice(0, -2)],
    ['too long', `${code}-0000`],
    ['with a letter that is none of its own', code.replace('8', 'U')],
    ['empty', ''],
  ])('%s is refused without being repeated', (_, text) => {
    expect(() => pairingCode.parse(text)).toThrow(/^a code has seven groups/);
  });
});

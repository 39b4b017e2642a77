/**
 * One-time pairing codes, typed at the camera: 130 random bits in Crockford's base 32, whose letters and digits are
 * hard to confuse, and two check characters that detect a typing error.
 */
import { createHash, hkdfSync, randomBytes } from 'node:crypto';
import type { ValueType } from '../cli/option-table.js';
import { InvalidValue } from '../cli/units.js';
import { keyBytes } from './identity.js';

/** What both ends derive from a code; the code cannot be computed from it. */
export interface PairingSecret {
  /** 16 hex digits; not secret. */
  readonly id: string;
  /** Pre-shared key of one TLS connection; 32 bytes. */
  readonly key: Buffer;
}

const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const bodyLength = 26;
const checkLength = 2;

/** @returns seven groups of four: `7K2M-…` */
export function makePairingCode(): string {
  const body = [...randomBytes(bodyLength)].map((byte) => alphabet.charAt(byte & 31)).join('');
  return (body + checkOf(body)).replaceAll(/(.{4})(?=.)/g, '$1-');
}

/** Ignores case, hyphens and spaces; reads O as 0, and I or L as 1. */
export const pairingCode: ValueType<PairingSecret> = {
  metavar: 'CODE',
  parse(text) {
    const plain = text
      .toUpperCase()
      .replaceAll(/[\s-]/g, '')
      .replaceAll('O', '0')
      .replaceAll(/[IL]/g, '1');
    const body = plain.slice(0, bodyLength);
    const isWhole =
      plain.length === bodyLength + checkLength && /^[0-9A-HJKMNP-TV-Z]+$/.test(plain);
    // Neither message repeats the text, which may be nearly the valid code.
    if (!isWhole) throw new InvalidValue('a code has seven groups of four letters and digits');
    if (plain !== body + checkOf(body)) throw new InvalidValue('the code has a typing error');
    return { id: derive(body, 'id', 8).toString('hex'), key: derive(body, 'key', keyBytes) };
  },
};

function checkOf(body: string): string {
  const [first = 0, second = 0] = createHash('sha256').update(body).digest();
  return alphabet.charAt(first & 31) + alphabet.charAt(second & 31);
}

/** HKDF (RFC 5869): the public id reveals nothing of the secret key. */
function derive(body: string, purpose: string, byteCount: number): Buffer {
  return Buffer.from(hkdfSync('sha256', body, '', `picchanged pairing ${purpose}`, byteCount));
}

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeEntry, encodeEntry, sha256Of } from '../../../agent/spool/entry.js';
import { entryName, parseEntryName } from '../../../agent/spool/entry-name.js';
import { OperationalError } from '../../../shared/cli/errors.js';
import { findJpegDamage } from '../../../shared/jpeg/splitter.js';
import { frameEntry } from '../../support/entries.js';
import { makeJpeg } from '../../support/pictures.js';

const dropped = {
  header: {
    type: 'dropped' as const,
    count: 3,
    firstCapturedAtMs: 1,
    lastCapturedAtMs: 2,
    utcOffsetMinutes: -60,
    why: 'size',
  },
  body: Buffer.alloc(0),
};

describe('a spool entry', () => {
  it.each([
    ['frame', frameEntry(1)],
    ['count of dropped frames', dropped],
  ])('that is a %s reads back as it was', (_, entry) => {
    expect(decodeEntry(encodeEntry(entry))).toEqual(entry);
  });

  it('begins with the JPEG, so that a viewer opens it', () => {
    const bytes = encodeEntry(frameEntry(1));
    expect(findJpegDamage(bytes)).toBeUndefined();
    expect(bytes.subarray(0, makeJpeg(1).length)).toEqual(makeJpeg(1));
  });

  it('is rejected when it is truncated at any byte', () => {
    const bytes = encodeEntry(frameEntry(1));
    for (let length = 0; length < bytes.length; length += 1) {
      expect(() => decodeEntry(bytes.subarray(0, length))).toThrow(OperationalError);
    }
  });

  it('is rejected when any byte is altered, or has the same body', () => {
    const entry = frameEntry(1);
    const whole = encodeEntry(entry);
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const bytes = Buffer.from(whole);
        bytes[at] = (bytes[at] ?? 0) ^ change;
        try {
          // The SHA-256 covers the body, not the header.
          expect(decodeEntry(bytes).body).toEqual(entry.body);
        } catch (error) {
          expect(error).toBeInstanceOf(OperationalError);
        }
      }),
    );
  });

  it('is rejected when it is random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(() => decodeEntry(Buffer.from(bytes))).toThrow(OperationalError);
      }),
    );
  });

  it('has its sequence as name, so that names sort like sequences', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 999_999_999_999 }), (sequence) => {
        for (const kind of ['frame', 'dropped', 'sent'] as const) {
          expect(parseEntryName(entryName({ sequence, kind }))).toEqual({ sequence, kind });
        }
      }),
    );
    expect(entryName({ sequence: 12, kind: 'frame' })).toBe('000000000012.jpg');
  });

  it.each([
    '12.jpg',
    '000000000000.jpg',
    '000000000012.jpeg',
    'a.jpg',
    '000000000012.jpg.part',
    '',
  ])('is not named %s', (name) => {
    expect(parseEntryName(name)).toBeUndefined();
  });

  it('uses SHA-256', () => {
    expect(sha256Of(Buffer.from('abc'))).toMatch(/^ba7816bf8f01cfea/);
  });
});

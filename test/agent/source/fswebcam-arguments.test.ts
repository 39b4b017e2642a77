/** The arguments that fswebcam is started with. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fswebcamArguments } from '../../../agent/source/fswebcam-arguments.js';
import type { ShotOptions } from '../../../agent/source/shot-options.js';
import { InvalidValue } from '../../../shared/cli/units.js';

const plain: ShotOptions = {
  device: '/dev/video0',
  resolution: { widthPx: 640, heightPx: 480 },
  skip: 10,
  quality: 85,
};

describe('fswebcamArguments', () => {
  it('requests a plain picture: no banner, no title, warnings not suppressed', () => {
    expect(fswebcamArguments(plain, 'shot.jpg')).toEqual([
      ...['-r', '640x480'],
      ...['--jpeg', '85'],
      ...['-d', '/dev/video0'],
      '--no-banner',
      ...['--skip', '10'],
      'shot.jpg',
    ]);
  });

  it("uses node-webcam's resolution without --resolution, and no --skip for 0", () => {
    const args = fswebcamArguments({ ...plain, resolution: undefined, skip: 0 }, 'shot.jpg');
    expect(args.slice(0, 2)).toEqual(['-r', '1280x720']);
    expect(args).not.toContain('--skip');
  });

  it('escapes the colons in a path, but not the one after a prefix', () => {
    const args = fswebcamArguments({ ...plain, device: 'FILE:/a:b/c:d.jpg' }, 'shot.jpg');
    expect(args).toContain('FILE:/a\\:b/c\\:d.jpg');
  });

  it('keeps any device a single argument after -d', () => {
    const usual = fswebcamArguments({ ...plain, device: 'TEST:' }, 'shot.jpg');
    const devices = fc.oneof(
      fc.string({ unit: 'grapheme' }).map((text) => `/dev/${text}`),
      fc.string({ unit: 'binary' }).map((text) => `FILE:/${text}`),
      fc.string(),
    );
    fc.assert(
      fc.property(devices, (text) => {
        let args: string[];
        try {
          args = fswebcamArguments({ ...plain, device: text }, 'shot.jpg');
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidValue);
          return;
        }
        const at = args.indexOf('-d') + 1;
        expect(args[at]?.replaceAll('\\:', ':')).toBe(text);
        expect(args.with(at, 'TEST:')).toEqual(usual);
      }),
      { numRuns: 1000 },
    );
  });

  it('throws when an option value would change the arguments', () => {
    for (const changes of [{ quality: Number.NaN }, { skip: -1 }, { skip: 1.5 }]) {
      expect(() => fswebcamArguments({ ...plain, ...changes }, 'shot.jpg')).toThrow(Error);
    }
    expect(() => fswebcamArguments(plain, 'a b.jpg')).toThrow(Error);
  });
});

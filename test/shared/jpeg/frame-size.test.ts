import { describe, expect, it } from 'vitest';
import { readFrameSize } from '../../../shared/jpeg/frame-size.js';
import { makeJpeg } from '../../support/pictures.js';

describe('the size of a frame', () => {
  const jpeg = makeJpeg(1, { widthPx: 320, heightPx: 200 });

  it('is that of its frame header', () => {
    expect(readFrameSize(jpeg)).toEqual({ widthPx: 320, heightPx: 200 });
  });

  it('is read of a progressive frame too', () => {
    const at = jpeg.indexOf(Buffer.from([0xff, 0xc0]));
    const progressive = Buffer.from(jpeg);
    progressive[at + 1] = 0xc2;
    expect(readFrameSize(progressive)).toEqual({ widthPx: 320, heightPx: 200 });
  });

  it('is unknown without a frame header, and of what is cut off before it', () => {
    const header = jpeg.indexOf(Buffer.from([0xff, 0xc0]));
    for (let end = 0; end < header + 9; end += 1) {
      expect(readFrameSize(jpeg.subarray(0, end))).toBeUndefined();
    }
    expect(readFrameSize(Buffer.from('ffd8ffd9', 'hex'))).toBeUndefined();
    expect(readFrameSize(Buffer.from('nonsense'))).toBeUndefined();
  });
});

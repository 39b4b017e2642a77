/** fswebcam's original messages, and their interpretation. */
import { describe, expect, it } from 'vitest';
import { hintFor, errorTextOf } from '../../../agent/source/fswebcam-failure.js';

const head = (text: string): string => `\u001b[1m--- ${text}\n\u001b[0m`;
const step = (text: string): string => `\u001b[0m${text}\n\u001b[0m`;
const error = (text: string): string => `\u001b[31m${text}\n\u001b[0m`;

describe('errorTextOf', () => {
  it('returns the errors, without the successful steps', () => {
    const stderr =
      head('Opening v4l2:/dev/null...') +
      step('/dev/null opened.') +
      error('/dev/null: Not a V4L2 device?') +
      error('VIDIOCGCAP: Inappropriate ioctl for device');
    expect(errorTextOf(stderr)).toBe(
      '/dev/null: Not a V4L2 device? / VIDIOCGCAP: Inappropriate ioctl for device',
    );
  });

  it('returns the warnings when there is no error', () => {
    const warning = '/a.jpg: Unable to read resolution.';
    expect(errorTextOf(head('Opening FILE:/a.jpg...') + step(warning))).toBe(warning);
  });

  it('is empty when there are only headings', () => {
    expect(errorTextOf(head('Opening FILE:/srv...'))).toBe('');
  });
});

describe('hintFor', () => {
  const noFile = 'stat: No such file or directory';

  it('names the existing cameras', () => {
    expect(hintFor(noFile, '/dev/video0', ['/dev/video2', '/dev/video3'])).toContain(
      '/dev/video2 /dev/video3',
    );
    expect(hintFor(noFile, '/dev/video0', [])).toContain('no /dev/video* exists');
    expect(hintFor('/dev/null: Not a V4L2 device?', '/dev/null', [])).toBeDefined();
  });

  it('has hints for missing permission first, for a busy and for a hanging camera', () => {
    const denied = 'open: Permission denied / Unable to find a source module that can read it.';
    expect(hintFor(denied, '/dev/video0', ['/dev/video0'])).toContain('-aG video');
    const busy = 'VIDIOC_S_FMT: Device or resource busy';
    expect(hintFor(busy, '/dev/video0', [])).toContain('another program');
    expect(hintFor('Timed out waiting for frame!', '/dev/video0', [])).toContain('--resolution');
  });

  it('has none for TEST: and FILE:, nor for unknown messages', () => {
    expect(hintFor(noFile, 'FILE:/a.jpg', [])).toBeUndefined();
    expect(hintFor(noFile, 'TEST', [])).toBeUndefined();
    expect(hintFor('Out of memory.', '/dev/video0', [])).toBeUndefined();
  });
});

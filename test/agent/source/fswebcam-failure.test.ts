/** fswebcam's messages, as it prints them, and what is made of them. */
import { describe, expect, it } from 'vitest';
import { adviceFor, complaintOf } from '../../../agent/source/fswebcam-failure.js';

const head = (text: string): string => `\u001b[1m--- ${text}\n\u001b[0m`;
const step = (text: string): string => `\u001b[0m${text}\n\u001b[0m`;
const error = (text: string): string => `\u001b[31m${text}\n\u001b[0m`;

describe('complaintOf', () => {
  it('gives the errors, without the steps that went well', () => {
    const stderr =
      head('Opening v4l2:/dev/null...') +
      step('/dev/null opened.') +
      error('/dev/null: Not a V4L2 device?') +
      error('VIDIOCGCAP: Inappropriate ioctl for device');
    expect(complaintOf(stderr)).toBe(
      '/dev/null: Not a V4L2 device? / VIDIOCGCAP: Inappropriate ioctl for device',
    );
  });

  it('gives the warnings when there is no error', () => {
    const warning = '/a.jpg: Unable to read resolution.';
    expect(complaintOf(head('Opening FILE:/a.jpg...') + step(warning))).toBe(warning);
  });

  it('is empty when there is nothing but headings', () => {
    expect(complaintOf(head('Opening FILE:/srv...'))).toBe('');
  });
});

describe('adviceFor', () => {
  const noFile = 'stat: No such file or directory';

  it('names the cameras that there are', () => {
    expect(adviceFor(noFile, '/dev/video0', ['/dev/video2', '/dev/video3'])).toContain(
      '/dev/video2 /dev/video3',
    );
    expect(adviceFor(noFile, '/dev/video0', [])).toContain('no /dev/video* at all');
    expect(adviceFor('/dev/null: Not a V4L2 device?', '/dev/null', [])).toBeDefined();
  });

  it('knows rights before anything else, and a camera that is in use or hangs', () => {
    const denied = 'open: Permission denied / Unable to find a source module that can read it.';
    expect(adviceFor(denied, '/dev/video0', ['/dev/video0'])).toContain('-aG video');
    const busy = 'VIDIOC_S_FMT: Device or resource busy';
    expect(adviceFor(busy, '/dev/video0', [])).toContain('another program');
    expect(adviceFor('Timed out waiting for frame!', '/dev/video0', [])).toContain('--resolution');
  });

  it('has none for the devices that are no camera, nor for what nobody knows', () => {
    expect(adviceFor(noFile, 'FILE:/a.jpg', [])).toBeUndefined();
    expect(adviceFor(noFile, 'TEST', [])).toBeUndefined();
    expect(adviceFor('Out of memory.', '/dev/video0', [])).toBeUndefined();
  });
});

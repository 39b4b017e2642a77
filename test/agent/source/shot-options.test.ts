/** The option values of a shot. */
import { describe, expect, it } from 'vitest';
import { device, resolution } from '../../../agent/source/shot-options.js';
import { InvalidValue } from '../../../shared/cli/units.js';

describe('the value type device', () => {
  it.each([
    '/dev/video0',
    '/dev/v4l/by-id/usb-046d_HD_Webcam_C525_4A0F3B20-video-index0',
    '/dev/v4l/by-path/pci-0000:00:14.0-usb-0:1:1.0-video-index0',
    'v4l2:/dev/video2',
    'TEST',
    'TEST:',
    'test:bars',
    'FILE:/srv/a.jpg',
    'file:/home/jörg/bilder/b+c=d,e@f%20-1_2.jpg',
  ])('accepts %s', (text) => {
    expect(device.parse(text)).toBe(text);
  });

  it.each([
    '',
    '0',
    'video0',
    '/srv/a.jpg',
    'FILE:a.jpg',
    'FILE:',
    'RAW:/dev/video0',
    '-q',
    'TEST:/etc',
    '/dev/',
    '/dev/video0 --exec reboot',
    'FILE:/srv/my photo.jpg',
    'FILE:/srv/a\tb.jpg',
    'FILE:/srv/a\u00a0b.jpg',
    '/dev/video0\n',
    ...Array.from('`$;&|<>(){}[]*?!#~"\'\\^', (character) => `/dev/video${character}`),
    '/dev/video\0',
  ])('refuses %j', (text) => {
    expect(() => device.parse(text)).toThrow(InvalidValue);
  });
});

describe('the value type resolution', () => {
  it('accepts width and height in pixels', () => {
    expect(resolution.parse('1280x720')).toEqual({ widthPx: 1280, heightPx: 720 });
  });

  it.each(['', '640', '640x', '640x0', '4x4', '640x480x2', '-640x480', '640 x 480', '99999x720'])(
    'refuses %j',
    (text) => {
      expect(() => resolution.parse(text)).toThrow(InvalidValue);
    },
  );
});

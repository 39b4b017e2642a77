/** Names of cameras: each accepted one must be safe as the name of a folder. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  cameraName,
  cameraNameFromHost,
  isCameraName,
  plainAddress,
  rawCameraName,
} from '../../../shared/protocol/camera-name.js';
import { InvalidValue } from '../../../shared/cli/units.js';

describe("a camera's name", () => {
  it.each(['a', '0', 'frontdoor', 'front-door', 'cam-', 'raw', 'rawcam', 'a'.repeat(63)])(
    'may be %s',
    (name) => {
      expect(isCameraName(name)).toBe(true);
      expect(cameraName.parse(name)).toBe(name);
    },
  );

  it.each([
    '',
    '-a',
    'A',
    'front door',
    'front_door',
    'a.b',
    '..',
    '.',
    'a/b',
    'a\\b',
    'ä',
    'a\n',
    'a\0',
    'raw-',
    'raw-1',
    'a'.repeat(64),
  ])('is not %j', (name) => {
    expect(isCameraName(name)).toBe(false);
    expect(() => cameraName.parse(name)).toThrow(InvalidValue);
  });
});

describe('cameraNameFromHost', () => {
  it.each([
    ['laptop', 'laptop'],
    ['Front Door.local', 'front-door-local'],
    ['raspberrypi.fritz.box', 'raspberrypi-fritz-box'],
    ['--a--', 'a--'],
    ['raw-pi', 'camera-raw-pi'],
    [`raw-${'a'.repeat(59)}`, `camera-raw-${'a'.repeat(52)}`],
    ['', 'camera'],
    ['...', 'camera'],
    ['Küche', 'k-che'],
    ['a'.repeat(70), 'a'.repeat(63)],
  ])('makes of %j %s', (host, name) => {
    expect(cameraNameFromHost(host)).toBe(name);
  });

  it('makes a valid name of any text, and keeps a valid one', () => {
    const hosts = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 100 }),
      fc.stringMatching(/^(raw-)?[a-zA-Z0-9.-]{0,80}$/),
    );
    fc.assert(
      fc.property(hosts, (host) => {
        const name = cameraNameFromHost(host);
        return isCameraName(name) && cameraNameFromHost(name) === name;
      }),
    );
  });
});

describe('rawCameraName', () => {
  it.each([
    ['192.168.1.5', 'raw-192-168-1-5'],
    ['127.0.0.1', 'raw-127-0-0-1'],
    ['::ffff:192.168.1.5', 'raw-192-168-1-5'],
    ['::FFFF:192.168.1.5', 'raw-192-168-1-5'],
    ['::1', 'raw---1'],
    ['fe80::1%eth0', 'raw-fe80--1'],
    ['FE80::A', 'raw-fe80--a'],
  ])('makes of %s %s', (address, name) => {
    expect(rawCameraName(address)).toBe(name);
  });

  it("makes of every address a safe folder name that is not a camera's", () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (address) => {
        const name = rawCameraName(address);
        return /^raw-[0-9a-f-]+$/.test(name) && !isCameraName(name);
      }),
    );
  });
});

describe('plainAddress', () => {
  it.each([
    ['10.0.0.1', '10.0.0.1'],
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['::ffff:10.0.0.999', '::ffff:10.0.0.999'],
    ['fe80::1%wlan0', 'fe80::1'],
    ['2001:db8::1', '2001:db8::1'],
  ])('shows %s as %s', (address, plain) => {
    expect(plainAddress(address)).toBe(plain);
  });
});

/** The address of --mqtt, and the picture that goes there. */
import { describe, expect, it } from 'vitest';
import { pictureWithin } from '../../../../receiver/notify/mqtt/broker-picture.js';
import { mqttAddress } from '../../../../receiver/notify/mqtt/mqtt-address.js';
import { sendsPicture } from '../../../../receiver/notify/open-ways.js';
import { readFrameSize } from '../../../../shared/jpeg/frame-size.js';
import { makeJpeg } from '../../../support/pictures.js';

describe('an address of --mqtt', () => {
  it.each([
    ['mqtts://fred@nas', { host: 'nas', port: 8883, isTls: true, user: 'fred', isPrivate: true }],
    ['mqtt://nas:1884', { host: 'nas', port: 1884, isTls: false, user: undefined }],
    ['mqtt://nas:80/', { host: 'nas', port: 80 }],
    ['MQTT://192.168.1.5', { host: '192.168.1.5', port: 1883, isPrivate: true }],
    ['mqtts://a%20b@[2a00:1450::1]', { host: '2a00:1450::1', user: 'a b', isPrivate: false }],
    [
      'mqtts://broker.example.org',
      { isPrivate: false, name: 'MQTT broker at broker.example.org:8883' },
    ],
  ])('%s', (text, expected) => {
    expect(mqttAddress.parse(text)).toMatchObject(expected);
  });

  it.each([
    ['nas', /must begin with mqtts/],
    ['https://nas', /must begin with mqtts/],
    ['mqtt://', /is not an address/],
    ['mqtt://nas/topic', /is not an address/],
    ['mqtt://nas:99999', /is not an address/],
    ['mqtt://fred:secret@nas', /must not have the password: put it into --mqtt-password-file/],
    ['mqtt://100%@nas', /%25/],
  ])('is not %s', (text, why) => {
    expect(() => mqttAddress.parse(text)).toThrow(why);
  });
});

describe('a picture', () => {
  it('goes to a public broker only with --notify-picture yes', () => {
    const [home, elsewhere] = [{ isPrivate: true }, { isPrivate: false }];
    expect(sendsPicture({ notifyPicture: 'private' }, home)).toBe(true);
    expect(sendsPicture({ notifyPicture: 'private' }, elsewhere)).toBe(false);
    expect(sendsPicture({ notifyPicture: 'yes' }, elsewhere)).toBe(true);
    expect(sendsPicture({ notifyPicture: 'no' }, home)).toBe(false);
  });

  const large = makeJpeg(1, { widthPx: 1280, heightPx: 720 });

  it('that fits is unchanged, byte for byte', () => {
    expect(pictureWithin(large, large.length)).toBe(large);
  });

  it('that is too large has an eighth of its width and height', () => {
    const small = pictureWithin(large, large.length - 1) ?? Buffer.alloc(0);
    expect(readFrameSize(small)).toMatchObject({ widthPx: 160, heightPx: 90 });
  });

  it('is left out when it is too large also then, or damaged', () => {
    expect(pictureWithin(large, 100)).toBeUndefined();
    expect(pictureWithin(large.subarray(0, 300), 100)).toBeUndefined();
  });
});

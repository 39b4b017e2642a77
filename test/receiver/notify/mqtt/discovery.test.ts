/** The payloads of discovery keep Home Assistant's rules, and the rules find what breaks them. */
import { describe, expect, it } from 'vitest';
import {
  type DiscoverySettings,
  cameraDiscovery,
  receiverDiscovery,
} from '../../../../receiver/notify/mqtt/discovery.js';
import { discoveryProblems } from '../../../../receiver/notify/mqtt/discovery-rules.js';

const settings: DiscoverySettings = {
  ...{ receiver: '5f0c2a91', hostName: 'laptop', version: '0.2.0' },
  ...{ viewer: 'http://laptop:8080/', hasPicture: true, hasNewest: true },
};
const topic = 'homeassistant/device/picchanged_5f0c2a91_front-door/config';
const camera = cameraDiscovery('front-door', settings);
const motion = camera.components.motion ?? { platform: '' };

describe('the payloads', () => {
  it.each([
    ['a receiver', receiverDiscovery(settings)],
    ['a receiver without a viewer', receiverDiscovery({ ...settings, viewer: undefined })],
    ['a camera', camera],
    ['a camera without pictures', cameraDiscovery('a', { ...settings, hasPicture: false })],
    ['a camera without the newest', cameraDiscovery('a', { ...settings, hasNewest: false })],
  ])('of %s keep the rules', (_what, payload) => {
    // As it arrives.
    expect(discoveryProblems(topic, JSON.parse(JSON.stringify(payload)))).toEqual([]);
  });

  it('have the links of the viewer', () => {
    expect(camera.device).toMatchObject({
      configuration_url: 'http://laptop:8080/#camera=front-door',
      via_device: 'picchanged_5f0c2a91',
    });
  });

  it('remove what is not published', () => {
    const { components } = cameraDiscovery('a', { ...settings, hasPicture: false });
    expect(components.picture).toEqual({ platform: 'image' });
  });

  it('let the alarm of silence depend on the receiver alone', () => {
    expect(camera.components.silent?.availability).toEqual([
      { topic: 'picchanged/5f0c2a91/status' },
    ]);
  });
});

describe('the rules', () => {
  const withComponent = (changed: object, base: object = motion): object => ({
    ...camera,
    components: { one: { ...base, ...changed } },
  });
  const sensor = {
    ...{ platform: 'sensor', unique_id: 'a_b', name: 'A', state_topic: 'a/b' },
  };
  const image = { platform: 'image', unique_id: 'a_b', name: 'A' };

  it.each<[string, object, RegExp]>([
    ['no origin', { ...camera, origin: undefined }, /origin/],
    ['a device without an identifier', { ...camera, device: { name: 'a' } }, /needs identifiers/],
    ['an unknown key of the payload', { ...camera, availabilty: [] }, /availabilty/],
    ['an unknown key of the device', { ...camera, device: { ...camera.device, x: 1 } }, /x/],
    ['an unknown key of an entity', withComponent({ status_topic: 'a' }), /status_topic/],
    ['the retired key object_id', withComponent({ object_id: 'a' }), /object_id/],
    ['an entity without an id', withComponent({ unique_id: undefined }), /unique_id/],
    ['an unknown platform', withComponent({ platform: 'cam' }), /platform/],
    ['a wildcard in a topic', withComponent({ state_topic: 'a/#' }), /wildcard/],
    [
      'two kinds of availability, one of the device',
      { ...camera, availability_topic: 'a/b' },
      /exclude each other/,
    ],
    ['enum without options', withComponent({ device_class: 'enum' }, sensor), /options/],
    [
      'a timestamp with a unit',
      withComponent({ device_class: 'timestamp', unit_of_measurement: 's' }, sensor),
      /no unit/,
    ],
    [
      'a size in frames',
      withComponent({ device_class: 'data_size', unit_of_measurement: 'frames' }, sensor),
      /no unit of data_size/,
    ],
    [
      'an image by topic and by address',
      withComponent({ image_topic: 'a', url_topic: 'b' }, image),
      /needs one of/,
    ],
    [
      'a content type of an address',
      withComponent({ url_topic: 'b', content_type: 'image/jpeg' }, image),
      /content_type needs/,
    ],
  ])('find %s', (_what, payload, problem) => {
    const problems = discoveryProblems(topic, JSON.parse(JSON.stringify(payload)));
    expect(problems.join('\n')).toMatch(problem);
  });

  it('find a topic that Home Assistant does not read', () => {
    expect(discoveryProblems('homeassistant/device/front.door/config', camera)).toHaveLength(1);
  });
});

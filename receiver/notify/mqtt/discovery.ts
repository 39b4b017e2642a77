/**
 * What Home Assistant needs to know to show a receiver and its cameras: device-based discovery
 * (https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload). Pure.
 *
 * All keys are written out, and what an entity needs is in the entity: a key of the device is copied into each of its
 * entities, and together with one of the entity's own may make it invalid.
 */
import { cameraTopics, receiverTopics } from './topics.js';

export interface DiscoverySettings {
  /** 8 hex digits: the same after a rename of the machine. */
  readonly receiver: string;
  readonly hostName: string;
  readonly version: string;
  /** Address of the viewer; undefined: there is no link. */
  readonly viewer: string | undefined;
  /** Pictures of events are published. */
  readonly hasPicture: boolean;
  /** The newest frame is published. */
  readonly hasNewest: boolean;
}

/** With its platform only, it is removed. */
export interface Component extends Readonly<Record<string, unknown>> {
  readonly platform: string;
}

export interface DiscoveryPayload {
  readonly device: Readonly<Record<string, unknown>>;
  readonly origin: Readonly<Record<string, unknown>>;
  readonly qos: number;
  readonly components: Readonly<Record<string, Component>>;
}

/** Words of the sensor `Coverage`. */
export const coverageWords = ['quiet', 'changed', 'not watched', 'unknown'] as const;
export type CoverageWord = (typeof coverageWords)[number];

const supportUrl = 'https://github.com/picchanged/picchanged';

export const receiverDevice = (receiver: string): string => `picchanged_${receiver}`;
export const cameraDevice = (receiver: string, camera: string): string =>
  `${receiverDevice(receiver)}_${camera}`;

export function receiverDiscovery(settings: DiscoverySettings): DiscoveryPayload {
  const { receiver, hostName, version, viewer } = settings;
  const device = receiverDevice(receiver);
  const topics = receiverTopics(receiver);
  const availability = [{ topic: topics.status }];
  const state = { state_topic: topics.state, state_class: 'measurement', availability };
  return {
    device: {
      ...{ identifiers: [device], name: `picchanged on ${hostName}`, manufacturer: 'picchanged' },
      ...{ model: 'receiver', sw_version: version },
      ...(viewer !== undefined && { configuration_url: viewer }),
    },
    origin: originOf(version),
    qos: 1,
    components: {
      free: {
        ...{ platform: 'sensor', unique_id: `${device}_free`, name: 'Free space', ...state },
        ...{ device_class: 'data_size', unit_of_measurement: 'B', suggested_display_precision: 0 },
        entity_category: 'diagnostic',
        value_template: '{{ value_json.freeBytes }}',
      },
      stored: {
        ...{ platform: 'sensor', unique_id: `${device}_stored`, name: 'Frames stored', ...state },
        unit_of_measurement: 'frames',
        entity_category: 'diagnostic',
        value_template: '{{ value_json.stored }}',
      },
    },
  };
}

export function cameraDiscovery(camera: string, settings: DiscoverySettings): DiscoveryPayload {
  const { receiver, version, viewer } = settings;
  const device = cameraDevice(receiver, camera);
  const link = viewerLink(viewer, camera);
  const components = { ...mainEntities(camera, settings), ...sensors(camera, settings) };
  return {
    device: {
      ...{ identifiers: [device], name: camera, manufacturer: 'picchanged' },
      ...{ model: 'camera', via_device: receiverDevice(receiver) },
      ...(link !== undefined && { configuration_url: link }),
    },
    origin: originOf(version),
    qos: 1,
    components,
  };
}

function mainEntities(camera: string, settings: DiscoverySettings): Record<string, Component> {
  const { receiver, hasPicture, hasNewest } = settings;
  const topics = cameraTopics(receiver, camera);
  const uniqueId = uniqueIds(receiver, camera);
  const { ofReceiver, ofCamera } = availabilities(receiver, camera);
  return {
    motion: {
      ...{ platform: 'binary_sensor', unique_id: uniqueId('motion'), name: 'Motion' },
      ...{ device_class: 'motion', state_topic: topics.motion, ...ofCamera },
      json_attributes_topic: topics.last,
    },
    // With the camera's availability it would vanish at the very moment that it is needed.
    silent: {
      ...{ platform: 'binary_sensor', unique_id: uniqueId('silent'), name: 'Silent' },
      ...{ device_class: 'problem', entity_category: 'diagnostic', state_topic: topics.state },
      ...{ value_template: "{{ 'ON' if value_json.silent else 'OFF' }}", ...ofReceiver },
    },
    event: {
      ...{ platform: 'event', unique_id: uniqueId('event'), name: 'Event' },
      ...{ device_class: 'motion', event_types: ['begin', 'end'], state_topic: topics.event },
      ...ofReceiver,
    },
    picture: hasPicture
      ? {
          ...{ platform: 'image', unique_id: uniqueId('picture'), name: 'Last event' },
          ...{ image_topic: topics.picture, content_type: 'image/jpeg', ...ofReceiver },
        }
      : { platform: 'image' },
    newest: hasNewest
      ? {
          ...{ platform: 'camera', unique_id: uniqueId('newest'), name: 'Newest picture' },
          ...{ topic: topics.newest, ...ofReceiver },
        }
      : { platform: 'camera' },
  };
}

function sensors(camera: string, { receiver }: DiscoverySettings): Record<string, Component> {
  const topics = cameraTopics(receiver, camera);
  const uniqueId = uniqueIds(receiver, camera);
  const { ofReceiver, ofCamera } = availabilities(receiver, camera);
  const sensor = (key: string, name: string, field: string): Component => ({
    ...{ platform: 'sensor', unique_id: uniqueId(key), name, state_topic: topics.state },
    value_template: `{{ value_json.${field} }}`,
  });
  const diagnostic = { entity_category: 'diagnostic' };
  const frames = { unit_of_measurement: 'frames', ...diagnostic, ...ofCamera };
  return {
    last_frame: {
      ...sensor('last_frame', 'Last frame', 'lastFrame'),
      ...{ device_class: 'timestamp', ...ofReceiver },
    },
    last_heard: {
      ...sensor('last_heard', 'Last message', 'lastHeard'),
      ...{ device_class: 'timestamp', ...diagnostic, ...ofReceiver },
    },
    waiting: {
      ...sensor('waiting', 'Waiting frames', 'waiting'),
      ...{ state_class: 'measurement', ...frames },
    },
    dropped: {
      ...sensor('dropped', 'Dropped frames', 'dropped'),
      ...{ state_class: 'total_increasing', ...frames },
    },
    coverage: {
      ...sensor('coverage', 'Coverage', 'coverage'),
      ...{ device_class: 'enum', options: coverageWords, ...ofReceiver },
    },
  };
}

const originOf = (version: string) => ({
  ...{ name: 'picchanged', sw_version: version, support_url: supportUrl },
});

const uniqueIds =
  (receiver: string, camera: string) =>
  (key: string): string =>
    `${cameraDevice(receiver, camera)}_${key}`;

function availabilities(receiver: string, camera: string) {
  const ofReceiver = { topic: receiverTopics(receiver).status };
  const own = { topic: cameraTopics(receiver, camera).availability };
  return {
    ofReceiver: { availability: [ofReceiver] },
    ofCamera: { availability: [ofReceiver, own], availability_mode: 'all' },
  };
}

/** @param at ISO 8601 @returns undefined: there is no viewer */
export function viewerLink(
  viewer: string | undefined,
  camera: string,
  at?: string,
): string | undefined {
  if (viewer === undefined) return undefined;
  const moment = at === undefined ? '' : `&at=${at}`;
  return `${viewer.replace(/[#/]*$/, '')}/#camera=${camera}${moment}`;
}

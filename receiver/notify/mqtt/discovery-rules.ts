/**
 * Home Assistant's rules for a discovery payload, as far as they concern what this program publishes. Home Assistant drops
 * an unknown key of an entity without a word, so here an unknown key is a problem everywhere. Pure.
 */
import * as v from 'valibot';

const text = v.pipe(v.string(), v.nonEmpty());
const deviceId = v.pipe(
  text,
  v.regex(/^[\w-]+$/, 'has other characters than letters, digits, - and _'),
);
const template = v.pipe(text, v.regex(/\{\{.+\}\}/, 'is no template'));
const url = v.pipe(text, v.regex(/^https?:\/\/[^/]/, 'is no address of a page'));
const publishTopic = v.pipe(text, v.regex(/^[^#+\0]+$/, 'has a wildcard'));
const qos = v.picklist([0, 1, 2]);

/** Of the device, copied into each entity that does not have them. */
const sharedKeys = {
  availability: v.optional(
    v.array(
      v.strictObject({
        topic: publishTopic,
        payload_available: v.optional(text),
        payload_not_available: v.optional(text),
        value_template: v.optional(template),
      }),
    ),
  ),
  availability_mode: v.optional(v.picklist(['all', 'any', 'latest'])),
  availability_topic: v.optional(publishTopic),
  payload_available: v.optional(text),
  payload_not_available: v.optional(text),
  state_topic: v.optional(publishTopic),
  qos: v.optional(qos),
  encoding: v.optional(text),
};

const entity = {
  ...sharedKeys,
  unique_id: deviceId,
  name: v.nullable(text),
  entity_category: v.optional(v.picklist(['config', 'diagnostic'])),
  enabled_by_default: v.optional(v.boolean()),
  icon: v.optional(text),
  json_attributes_topic: v.optional(publishTopic),
  json_attributes_template: v.optional(template),
};
const stateful = { ...entity, state_topic: publishTopic, value_template: v.optional(template) };

const dataUnits = ['B', 'kB', 'MB', 'GB', 'TB', 'KiB', 'MiB', 'GiB', 'TiB'];
const binarySensor = v.strictObject({
  ...stateful,
  platform: v.literal('binary_sensor'),
  device_class: v.optional(v.picklist(['motion', 'problem', 'connectivity'])),
  payload_on: v.optional(text),
  payload_off: v.optional(text),
  off_delay: v.optional(v.number()),
  expire_after: v.optional(v.number()),
  force_update: v.optional(v.boolean()),
});
const sensor = v.pipe(
  v.strictObject({
    ...stateful,
    platform: v.literal('sensor'),
    device_class: v.optional(v.picklist(['data_size', 'duration', 'enum', 'timestamp'])),
    unit_of_measurement: v.optional(text),
    state_class: v.optional(v.picklist(['measurement', 'total', 'total_increasing'])),
    options: v.optional(v.pipe(v.array(text), v.nonEmpty())),
    suggested_display_precision: v.optional(v.number()),
    expire_after: v.optional(v.number()),
    force_update: v.optional(v.boolean()),
  }),
  v.check(
    ({ device_class, options }) => (device_class === 'enum') === (options !== undefined),
    'options and the device class enum need each other',
  ),
  v.check(
    ({ device_class, unit_of_measurement, state_class }) =>
      !['enum', 'timestamp'].includes(device_class ?? '') ||
      (unit_of_measurement === undefined && state_class === undefined),
    'enum and timestamp have no unit and no state class',
  ),
  v.check(
    ({ device_class, unit_of_measurement = '' }) =>
      device_class !== 'data_size' || dataUnits.includes(unit_of_measurement),
    'is no unit of data_size',
  ),
);
const event = v.strictObject({
  ...stateful,
  platform: v.literal('event'),
  device_class: v.optional(v.picklist(['motion', 'button', 'doorbell'])),
  event_types: v.pipe(v.array(text), v.nonEmpty()),
});
const image = v.pipe(
  v.strictObject({
    ...entity,
    platform: v.literal('image'),
    image_topic: v.optional(publishTopic),
    url_topic: v.optional(publishTopic),
    url_template: v.optional(template),
    content_type: v.optional(text),
    image_encoding: v.optional(v.literal('b64')),
  }),
  v.check(
    ({ image_topic, url_topic }) => (image_topic === undefined) !== (url_topic === undefined),
    'needs one of image_topic and url_topic',
  ),
  v.check(
    ({ image_topic, content_type }) => image_topic !== undefined || content_type === undefined,
    'content_type needs image_topic',
  ),
);
const camera = v.strictObject({
  ...entity,
  platform: v.literal('camera'),
  topic: publishTopic,
  image_encoding: v.optional(v.literal('b64')),
});

const component = v.pipe(
  v.variant('platform', [binarySensor, sensor, event, image, camera]),
  v.check(
    ({ availability, availability_topic }) =>
      availability === undefined || availability_topic === undefined,
    'availability and availability_topic exclude each other',
  ),
);

const payload = v.strictObject({
  ...sharedKeys,
  device: v.pipe(
    v.strictObject({
      identifiers: v.optional(v.array(text)),
      connections: v.optional(v.array(v.tuple([text, text]))),
      ...{ name: v.optional(text), manufacturer: v.optional(text), model: v.optional(text) },
      ...{ model_id: v.optional(text), serial_number: v.optional(text) },
      ...{ sw_version: v.optional(text), hw_version: v.optional(text) },
      ...{ suggested_area: v.optional(text), via_device: v.optional(text) },
      configuration_url: v.optional(url),
    }),
    v.check(
      ({ identifiers = [], connections = [] }) => identifiers.length + connections.length > 0,
      'needs identifiers or connections',
    ),
  ),
  origin: v.strictObject({
    ...{ name: text, sw_version: v.optional(text), support_url: v.optional(url) },
  }),
  components: v.record(v.string(), v.record(v.string(), v.unknown())),
});

const platforms = ['binary_sensor', 'sensor', 'event', 'image', 'camera'];
const topicPattern = /^(?:[\w-]+\/)+device\/[\w-]+\/config$/;

/** @param config parsed JSON @returns a sentence for each rule that it breaks */
export function discoveryProblems(topic: string, config: unknown): readonly string[] {
  const problems = topicPattern.test(topic) ? [] : [`${topic} is no topic of discovery`];
  const read = v.safeParse(payload, config);
  if (!read.success) return [...problems, ...sentences(read.issues, topic)];
  const isShared = ([key]: readonly [string, unknown]): boolean => Object.hasOwn(sharedKeys, key);
  const shared = Object.fromEntries(Object.entries(read.output).filter(isShared));
  const ofEntities = Object.entries(read.output.components).flatMap(([key, own]) => {
    if (isRemoval(own)) return [];
    const merged = v.safeParse(component, { ...withoutForeign(shared, own), ...own });
    return merged.success ? [] : sentences(merged.issues, `${topic} ${key}`);
  });
  return [...problems, ...ofEntities];
}

/** Home Assistant removes the entity. */
const isRemoval = (own: Readonly<Record<string, unknown>>): boolean =>
  Object.keys(own).length === 1 &&
  typeof own.platform === 'string' &&
  platforms.includes(own.platform);

/** An image and a camera have no state: Home Assistant ignores what it copies for other platforms. */
function withoutForeign(
  { state_topic, ...shared }: Readonly<Record<string, unknown>>,
  { platform }: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const isStateless = platform === 'image' || platform === 'camera';
  return isStateless || state_topic === undefined ? shared : { ...shared, state_topic };
}

function sentences(issues: readonly v.BaseIssue<unknown>[], where: string): string[] {
  return issues.map((issue) => {
    const path = v.getDotPath(issue);
    return `${where}${path === null ? '' : ` ${path}`}: ${issue.message}`;
  });
}

/** Options of `receiver notify` for MQTT. */
import { type ValueType, value } from '../../../shared/cli/option-table.js';
import { InvalidValue } from '../../../shared/cli/units.js';
import { duration, path, size } from '../../../shared/cli/value-types.js';
import { mqttAddress } from './mqtt-address.js';

const topicPrefix: ValueType<string> = {
  metavar: 'TOPIC',
  parse(text) {
    if (!/^[\w-]+(?:\/[\w-]+)*$/.test(text)) {
      throw new InvalidValue('must be a topic of letters, digits, - and _, as homeassistant');
    }
    return text;
  },
};

export const mqttOptions = {
  mqtt: value(
    mqttAddress,
    'Show the cameras in Home Assistant, by this MQTT broker: mqtts://USER@HOST[:PORT], or mqtt://… without TLS.',
  ),
  mqttPasswordFile: value(path('FILE'), 'The password for the broker is in this file.'),
  mqttCaFile: value(
    path('FILE'),
    'Certificate of the authority that signed the certificate of the broker (PEM). Without it: those of Node.',
  ),
  mqttDiscovery: value(topicPrefix, 'Discovery prefix, as set in Home Assistant.', 'homeassistant'),
  mqttMaxPicture: value(
    size({ minBytes: 1024, maxBytes: 8 * 2 ** 20 }),
    'A picture that is larger is published with an eighth of its width and height.',
    '1MiB',
  ),
  mqttNewest: value(
    duration({ minMs: 1000, maxMs: 86_400_000 }),
    'Also publish the newest frame of each camera, at most once in this time.',
  ),
} as const;

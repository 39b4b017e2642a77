/** The address of `--mqtt`: `mqtts://USER@HOST[:PORT]`, or `mqtt://` without TLS. Pure. */
import { formatAddress } from '../../../shared/cli/address.js';
import type { ValueType } from '../../../shared/cli/option-table.js';
import { InvalidValue } from '../../../shared/cli/units.js';
import { isPrivateHost } from '../notify-address.js';

export interface MqttAddress {
  readonly host: string;
  readonly port: number;
  readonly isTls: boolean;
  /** Undefined: the broker takes clients without a name. */
  readonly user: string | undefined;
  /** For messages: without the user. */
  readonly name: string;
  /** The host is of this machine or of a private network, as far as its name shows. */
  readonly isPrivate: boolean;
}

/** Registered with IANA. */
const ports = { mqtt: 1883, mqtts: 8883 };

export const mqttAddress: ValueType<MqttAddress> = {
  metavar: 'URL',
  parse(text) {
    const scheme = /^mqtts?(?=:\/\/)/i.exec(text)?.[0].toLowerCase();
    if (scheme !== 'mqtt' && scheme !== 'mqtts') {
      throw new InvalidValue('must begin with mqtts:// or mqtt://');
    }
    if (!URL.canParse(text)) throw new InvalidValue(example);
    const url = new URL(text);
    if (url.password !== '') {
      throw new InvalidValue('must not have the password: put it into --mqtt-password-file');
    }
    if (url.hostname === '' || !/^\/?$/.test(url.pathname) || url.search + url.hash !== '') {
      throw new InvalidValue(example);
    }
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const port = url.port === '' ? ports[scheme] : Number(url.port);
    return {
      ...{ host, port, isTls: scheme === 'mqtts' },
      user: url.username === '' ? undefined : decoded(url.username),
      name: `MQTT broker at ${formatAddress(host, port)}`,
      isPrivate: isPrivateHost(host),
    };
  },
};

const example = 'is not an address, such as mqtts://picchanged@homeassistant.local';

function decoded(user: string): string {
  try {
    return decodeURIComponent(user);
  } catch {
    throw new InvalidValue('has a % that begins no character: write %25 for one');
  }
}

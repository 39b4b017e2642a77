/** The part of `receiver notify` that publishes to an MQTT broker; its code is loaded with `--mqtt` only. */
import { hostname } from 'node:os';
import type { OptionValues } from '../../shared/cli/option-table.js';
import { version } from '../../shared/cli/version.js';
import type { MqttParts } from '../notify/mqtt/run-mqtt.js';
import type { Way } from '../notify/notice-queue.js';
import type { NoticeBucket } from '../notify/notice-frames.js';
import type { NoticeSettings } from '../notify/notice-settings.js';
import type { notifyOptions } from '../notify/notify-options.js';
import { sendsPicture } from '../notify/open-ways.js';
import { readSecretFile } from './secret-file.js';

export type MqttOptions = Pick<
  OptionValues<typeof notifyOptions>,
  | 'mqtt'
  | 'mqttPasswordFile'
  | 'mqttCaFile'
  | 'mqttDiscovery'
  | 'mqttMaxPicture'
  | 'mqttNewest'
  | 'lowDisk'
  | 'notifyPicture'
  | 'viewer'
>;

export interface MqttPlace {
  /** Captures directory, or the mirror of a bucket. */
  readonly directory: string;
  readonly bucket: NoticeBucket | undefined;
  /** State directory of the notices. */
  readonly state: string;
  readonly notices: NoticeSettings;
  /** No other notifier logs what is announced. */
  readonly isAlone: boolean;
}

/** @returns what publishes until its signal aborts; undefined: there is no `--mqtt` @throws {UsageError} */
export async function openMqtt(
  options: MqttOptions,
  place: MqttPlace,
  parts: MqttParts,
): Promise<((signal: AbortSignal) => Promise<void>) | undefined> {
  const { mqtt } = options;
  if (mqtt === undefined) return undefined;
  const secrets = await readSecrets(options);
  const { runMqtt } = await import('../notify/mqtt/run-mqtt.js');
  const machine = { hostName: hostname(), version, hasPicture: sendsPicture(options, mqtt) };
  return (signal) => runMqtt({ ...options, mqtt, ...secrets, ...machine, ...place }, parts, signal);
}

/** For `--test`: a broker is tried in another way than it is used. @throws {UsageError} */
export async function mqttTrials(options: MqttOptions): Promise<readonly Way[]> {
  const { mqtt: address, mqttDiscovery: prefix } = options;
  if (address === undefined) return [];
  const { trialWay } = await import('../notify/mqtt/try-broker.js');
  return [trialWay({ address, prefix, ...(await readSecrets(options)) })];
}

async function readSecrets({ mqttPasswordFile, mqttCaFile }: MqttOptions) {
  return {
    password: await readSecretFile('--mqtt-password-file', mqttPasswordFile),
    ca: await readSecretFile('--mqtt-ca-file', mqttCaFile),
  };
}

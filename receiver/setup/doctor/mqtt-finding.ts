/** Check of the broker that the installed notices publish to: it is tried as they use it. */
import { readFile } from 'node:fs/promises';
import type { Environment } from '../../../shared/cli/command.js';
import { OperationalError, describeError } from '../../../shared/cli/errors.js';
import { InvalidValue } from '../../../shared/cli/units.js';
import { type Finding, finding } from '../../../shared/setup/doctor/finding.js';
import type { MqttAddress } from '../../notify/mqtt/mqtt-address.js';
import { mqttOptions } from '../../notify/mqtt/mqtt-options.js';

/** @param settings of the notices @returns nothing when they name no broker, or a wrong one, which another check finds */
export async function mqttFindings(
  settings: Environment,
  notifyTest: string,
): Promise<readonly Finding[]> {
  const address = addressIn(settings);
  if (address === undefined) return [];
  const { RECEIVER_MQTT_PASSWORD_FILE: passwordFile, RECEIVER_MQTT_CA_FILE: caFile } = settings;
  const { defaultText = '' } = mqttOptions.mqttDiscovery;
  const prefix = settings.RECEIVER_MQTT_DISCOVERY || defaultText;
  try {
    const [password, ca] = await Promise.all([textOf(passwordFile), textOf(caFile)]);
    const { tryBroker } = await import('../../notify/mqtt/try-broker.js');
    await tryBroker({ address, password, ca, prefix }, new AbortController().signal);
    return [finding('mqtt', 'ok', `${address.name} takes what is published`)];
  } catch (error) {
    if (!(error instanceof OperationalError)) throw error;
    return [finding('mqtt', 'fault', describeError(error), `correct it, then: ${notifyTest}`)];
  }
}

function addressIn({ RECEIVER_MQTT: text }: Environment): MqttAddress | undefined {
  try {
    return text ? mqttOptions.mqtt.read([text]) : undefined;
  } catch (error) {
    if (error instanceof InvalidValue) return undefined;
    throw error;
  }
}

async function textOf(file: string | undefined): Promise<string | undefined> {
  if (!file) return undefined;
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new OperationalError('LINK', `cannot read ${file}`, { cause });
  });
  return text.trim();
}

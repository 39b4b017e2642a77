/** Tries a broker as the notices use it: for `receiver notify --test` and the doctor. */
import { randomBytes } from 'node:crypto';
import type { Way } from '../notice-queue.js';
import { openSession } from './broker-session.js';
import type { MqttAddress } from './mqtt-address.js';
import { discoveryTopic, homeStatusTopic } from './topics.js';

export interface BrokerTrial {
  readonly address: MqttAddress;
  readonly password: string | undefined;
  readonly ca: string | undefined;
  /** Discovery prefix. */
  readonly prefix: string;
}

/** @throws {OperationalError} LINK: it does not answer, or refuses the user or what is to be published */
export async function tryBroker(
  { prefix, ...broker }: BrokerTrial,
  signal: AbortSignal,
): Promise<void> {
  // Another id than that of the service, whose session would be ended.
  const clientId = `picchanged-test-${randomBytes(4).toString('hex')}`;
  const session = await openSession({ ...broker, clientId, willTopic: undefined }, signal);
  try {
    await session.subscribe(homeStatusTopic(prefix), () => undefined);
    // Removes a device that there never is.
    await session.publish(discoveryTopic(prefix, 'picchanged_test'), '', true);
    await session.publish('picchanged/test', 'a test of the notices', false);
  } finally {
    await session.close();
  }
}

/** For `--test`. */
export function trialWay(trial: BrokerTrial): Way {
  return {
    ...{ name: trial.address.name, replaces: false, isTriedOnce: true, takes: () => true },
    send: (_notice, signal) => tryBroker(trial, signal),
  };
}

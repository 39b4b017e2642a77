/** Whether a receiver can be reached: its name, its port, and that what answers there is one that hears us. */
import { lookup } from 'node:dns/promises';
import { type Socket, isIP } from 'node:net';
import { type Destination, formatAddress } from '../../../shared/cli/address.js';
import { type Finding, finding } from '../../../shared/setup/doctor/finding.js';
import { readGreeting } from '../../../shared/setup/doctor/greeting.js';
import { OperationalError, describeError } from '../../../shared/cli/errors.js';
import type { CameraKey } from '../../../shared/keys/identity.js';
import { openConnection } from '../../uplink/connection.js';
import { connectTls } from '../../uplink/tls.js';

/** A receiver that systemd starts for us needs a moment. */
const greetingLimitMs = 10_000;

/** @param keys to try, best first; none: in the clear */
export async function receiverFindings(
  destination: Destination,
  keys: readonly CameraKey[],
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const { host } = destination;
  const names = isIP(host.split('%')[0] ?? '') === 0 ? [await nameFinding(host)] : [];
  if (names.some(({ level }) => level === 'fault')) return names;
  return [...names, await answerFinding(destination, keys, signal)];
}

async function nameFinding(host: string): Promise<Finding> {
  try {
    const found = await lookup(host, { all: true });
    return finding('name', 'ok', `${host} is ${found.map(({ address }) => address).join(', ')}`);
  } catch (error) {
    const says = `${host} cannot be found: ${describeError(error)}`;
    const todo = `give its address with --host, or try ${host}.local (apt-get install libnss-mdns)`;
    return finding('name', 'fault', says, todo);
  }
}

async function answerFinding(
  destination: Destination,
  [key, ...others]: readonly CameraKey[],
  signal: AbortSignal,
): Promise<Finding> {
  const shown = formatAddress(destination.host, destination.port);
  let socket: Socket;
  try {
    socket = await openConnection(destination, signal);
  } catch (error) {
    signal.throwIfAborted();
    const cause = error instanceof OperationalError ? error.cause : error;
    const says = `${shown} cannot be reached: ${describeError(cause)}`;
    return finding('receiver', 'fault', says, 'on that machine: receiver doctor');
  }
  if (key !== undefined) {
    try {
      const identity = { name: key.camera, keyId: key.id };
      socket = await connectTls(socket, identity, key.key, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (others.length > 0) return answerFinding(destination, others, signal);
      const hint = error instanceof OperationalError ? error.hint : undefined;
      return finding('receiver', 'fault', `${shown}: ${sentenceOf(error)}`, hint);
    }
  }
  const greeting = await readGreeting(socket, greetingLimitMs);
  if (greeting.kind === 'welcome') {
    return finding('receiver', 'ok', `${shown} answers${key === undefined ? '' : ', over TLS'}`);
  }
  const todo = 'on that machine: receiver doctor';
  if (greeting.kind === 'words') {
    return finding('receiver', 'fault', `${shown} says: ${greeting.words}`, todo);
  }
  const says =
    greeting.kind === 'silent'
      ? `${shown} lets connect, but does not say a word`
      : `${shown} lets connect and closes at once: too many connections, or no receiver`;
  return finding('receiver', 'fault', says, todo);
}

/** Without the hint, which has its own place. */
function sentenceOf(error: unknown): string {
  return error instanceof OperationalError ? error.message : describeError(error);
}

/** Checks a receiver: its name resolves, its port is reachable, and it accepts this agent. */
import { lookup } from 'node:dns/promises';
import { type Socket, isIP } from 'node:net';
import { type Destination, formatAddress } from '../../../shared/cli/address.js';
import { type Finding, finding } from '../../../shared/setup/doctor/finding.js';
import { readGreeting } from '../../../shared/setup/doctor/greeting.js';
import { plainAnswer } from '../../../shared/protocol/plain-answers.js';
import { OperationalError, describeError } from '../../../shared/cli/errors.js';
import type { CameraKey } from '../../../shared/keys/identity.js';
import { openConnection } from '../../uplink/connection.js';
import { connectTls } from '../../uplink/tls.js';

/** Time limit for the greeting: with socket activation, systemd starts the receiver first. */
const greetingLimitMs = 10_000;
const remoteFix = "on the receiver's machine: receiver doctor";

/** @param keys keys to try, in this order; none: unencrypted */
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
    const message = `${host} cannot be resolved: ${describeError(error)}`;
    const fix = `give the address with --host, or try ${host}.local (apt-get install libnss-mdns)`;
    return finding('name', 'fault', message, fix);
  }
}

async function answerFinding(
  destination: Destination,
  [key, ...others]: readonly CameraKey[],
  signal: AbortSignal,
): Promise<Finding> {
  const address = formatAddress(destination.host, destination.port);
  let socket: Socket;
  try {
    socket = await openConnection(destination, signal);
  } catch (error) {
    signal.throwIfAborted();
    const cause = error instanceof OperationalError ? error.cause : error;
    const message = `${address} cannot be reached: ${describeError(cause)}`;
    return finding('receiver', 'fault', message, remoteFix);
  }
  if (key !== undefined) {
    try {
      const identity = { name: key.camera, keyId: key.id };
      socket = await connectTls(socket, identity, key.key, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (others.length > 0) return answerFinding(destination, others, signal);
      const hint = error instanceof OperationalError ? error.hint : undefined;
      return finding('receiver', 'fault', `${address}: ${messageOf(error)}`, hint);
    }
  }
  const greeting = await readGreeting(socket, greetingLimitMs);
  if (greeting.kind === 'welcome') {
    return finding('receiver', 'ok', `${address} answers${key === undefined ? '' : ', over TLS'}`);
  }
  if (greeting.kind === 'words') {
    const { message, hint, received } = plainAnswer(greeting.words);
    const detail = received === undefined ? '' : `: it sent '${received}'`;
    return finding('receiver', 'fault', `${address}: ${message}${detail}`, hint);
  }
  const message =
    greeting.kind === 'silent'
      ? `${address} accepts the connection and sends nothing within ${greetingLimitMs / 1000} s`
      : `${address} accepts the connection and closes it: too many connections, or not a receiver`;
  return finding('receiver', 'fault', message, remoteFix);
}

/** The message without the hint, which the finding has as its fix. */
function messageOf(error: unknown): string {
  return error instanceof OperationalError ? error.message : describeError(error);
}

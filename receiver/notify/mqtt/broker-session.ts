/** One connection to an MQTT broker (MQTT 5). It is not mended: who uses it opens another one. */
import { connect as connectTcp, isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import type { IClientOptions } from 'mqtt/lib/client';
import { OperationalError } from '../../../shared/cli/errors.js';
import { TooMuchIncoming, limitIncoming, maxIncomingPacketBytes } from './incoming-limit.js';
import type { MqttAddress } from './mqtt-address.js';

export interface BrokerSettings {
  readonly address: MqttAddress;
  readonly password: string | undefined;
  /** Certificate of an authority (PEM); undefined: those of Node. */
  readonly ca: string | undefined;
  /** A second client with the same id ends the first one's session. */
  readonly clientId: string;
  /** The broker says `offline` there, retained, when this program is gone. */
  readonly willTopic: string | undefined;
  /** Time that the broker has for each answer; by default 15 s to connect, and a minute for what is published. */
  readonly timeLimitMs?: number | undefined;
}

export interface BrokerSession {
  /** Largest packet that the broker takes. */
  readonly maxPacketBytes: number;
  /** Resolves when the broker has taken it. @throws {RefusedMessage} LINK @throws {OperationalError} LINK: the connection broke */
  publish(topic: string, payload: string | Buffer, isRetained: boolean): Promise<void>;
  /** @throws {OperationalError} LINK */
  subscribe(topic: string, onMessage: (text: string) => void): Promise<void>;
  /** Resolves when the connection is closed, by any side, with the reason. */
  readonly closed: Promise<OperationalError>;
  /** Ends it without the will, after what is being sent; at once when the broker does not take that in a second. */
  close(): Promise<void>;
}

/** The broker is there, and does not take a message, as one that is too large. */
export class RefusedMessage extends OperationalError {}

const connectTimeLimitMs = 15_000;
/** A large picture may take a slow line a while. */
const answerTimeLimitMs = 60_000;
const keepAliveSeconds = 30;
const closeTimeLimitMs = 1000;
/** CONNACK: bad user name or password, not authorized. */
const refusals = [4, 5, 134, 135];
/** DISCONNECT: another client has the same id. */
const takenOver = 142;

/** @throws {OperationalError} LINK: no answer, refused, or the signal aborted */
export async function openSession(
  settings: BrokerSettings,
  signal: AbortSignal,
): Promise<BrokerSession> {
  const { address, clientId, willTopic, password, timeLimitMs } = settings;
  const { name, user } = address;
  // Some 500 KB of code, which no other command needs.
  const { default: module } = await import('mqtt/lib/client');
  signal.throwIfAborted();
  const options: IClientOptions = {
    ...{ protocolId: 'MQTT', protocolVersion: 5, clean: true, clientId },
    ...{ keepalive: keepAliveSeconds, reconnectPeriod: 0 },
    properties: { maximumPacketSize: maxIncomingPacketBytes },
    connectTimeout: timeLimitMs ?? connectTimeLimitMs,
    ...(user !== undefined && { username: user }),
    ...(password !== undefined && { password }),
    ...(willTopic !== undefined && {
      will: { topic: willTopic, payload: Buffer.from('offline'), qos: 1, retain: true },
    }),
  };
  let cause: unknown;
  const stream = streamTo(settings);
  stream.on('error', (error) => (cause ??= error));
  const client = new module.default(() => stream, options);
  limitIncoming(stream);
  client.on('error', (error) => {
    cause ??= error;
    // After a packet that it cannot read, the client reads no further one.
    stream.destroy();
  });
  client.on('disconnect', ({ reasonCode }) => (cause ??= new Disconnected(reasonCode)));
  const closed = new Promise<OperationalError>((resolve) => {
    client.once('close', () => resolve(failureOf(name, cause)));
  });
  let isOpen = true;
  const broken = closed.then((failure) => {
    isOpen = false;
    throw failure;
  });
  broken.catch(() => undefined);
  const abandon = (): unknown => stream.destroy();
  signal.addEventListener('abort', abandon);
  const connected = new Promise<number>((resolve) => {
    client.once('connect', ({ properties }) => {
      resolve(properties?.maximumPacketSize ?? Infinity);
    });
  });
  const maxPacketBytes = await Promise.race([connected, broken]).finally(() => {
    signal.removeEventListener('abort', abandon);
  });
  const handlers = new Map<string, (text: string) => void>();
  client.on('message', (topic, payload) => handlers.get(topic)?.(payload.toString('utf8')));
  /** @param what was refused, for the message */
  const answered = async (answer: Promise<unknown>, what: string): Promise<void> => {
    const wasOpen = isOpen;
    const timer = setTimeout(() => {
      stream.destroy(new Error('no answer in time'));
    }, timeLimitMs ?? answerTimeLimitMs);
    try {
      // The client does not answer what was being sent when the connection breaks.
      await Promise.race([answer, broken]);
    } catch (error) {
      const isRefused = wasOpen && isRefusal(cause);
      if (error instanceof OperationalError && !isRefused) throw error;
      throw new RefusedMessage('LINK', `${name} refuses ${what}`, { cause: error });
    } finally {
      clearTimeout(timer);
    }
  };
  return {
    maxPacketBytes,
    closed,
    async publish(topic, payload, isRetained) {
      await answered(client.publishAsync(topic, payload, { qos: 1, retain: isRetained }), topic);
    },
    async subscribe(topic, onMessage) {
      handlers.set(topic, onMessage);
      await answered(client.subscribeAsync(topic, { qos: 1 }), `to say what is in ${topic}`);
    },
    async close() {
      const timer = setTimeout(() => stream.destroy(), closeTimeLimitMs);
      client.end(false);
      await closed;
      clearTimeout(timer);
    },
  };
}

function streamTo({ address: { host, port, isTls }, ca }: BrokerSettings): Duplex {
  if (!isTls) return connectTcp({ host, port });
  return connectTls({
    ...{ host, port, minVersion: 'TLSv1.2' },
    ...(ca !== undefined && { ca }),
    // A name is checked; an address has no server name.
    ...(isIP(host) === 0 && { servername: host }),
  });
}

/** The broker has ended the connection, and says why: a number of MQTT 5, 2.4. */
class Disconnected extends Error {
  readonly reason: number | undefined;

  constructor(reason: number | undefined) {
    super(`reason ${reason ?? 0}`);
    this.reason = reason;
  }
}

/** Mosquitto 2.0 refuses a large message by a number that MQTT 5 does not allow there, which ends the connection. */
const isRefusal = (cause: unknown): boolean =>
  cause instanceof Error && cause.message === 'Invalid puback reason code';

function failureOf(name: string, cause: unknown): OperationalError {
  if (cause instanceof Disconnected) {
    return new OperationalError('LINK', `${name} ended the connection`, {
      cause,
      ...(cause.reason === takenOver && {
        hint: 'another receiver notify publishes the same captures: stop one of them',
      }),
    });
  }
  if (cause instanceof TooMuchIncoming) {
    return new OperationalError('LINK', `${name} ${cause.message}`, {
      hint: 'is it an MQTT broker? Look for a program that publishes to the status topic without end',
    });
  }
  const code: unknown = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (typeof code === 'number' && refusals.includes(code)) {
    return new OperationalError('LINK', `${name} refuses the user or the password`, {
      hint: 'check the user in --mqtt, and --mqtt-password-file',
    });
  }
  if (typeof code === 'number') return new OperationalError('LINK', `${name} refuses`, { cause });
  if (isRefusal(cause)) {
    return new OperationalError(
      'LINK',
      `${name} refuses a message in a way that MQTT 5 does not have`,
    );
  }
  if (cause === undefined) return new OperationalError('LINK', `${name} closed the connection`);
  return new OperationalError('LINK', `${name} does not answer`, { cause });
}

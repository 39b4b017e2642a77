/** A real Mosquitto broker on loopback, and what it says to a subscriber. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execFileSync } from 'node:child_process';
import { eventually } from './eventually.js';
import { freePort } from './ports.js';
import { type Running, missing, start } from './programs.js';
import { temporaryDirectory } from './temporary.js';

export const whyNoBroker =
  missing('mosquitto', 'mosquitto') ?? missing('mosquitto_sub', 'mosquitto-clients');

export const brokerUser = 'fred';
export const brokerPassword = 'garden gate';

export interface BrokerOptions {
  /** More lines of its configuration. */
  readonly lines?: readonly string[];
  /** Lines of its access list; without them its user may do all. */
  readonly acl?: readonly string[];
}

export interface Broker {
  readonly port: number;
  /** For `--mqtt`. */
  readonly url: string;
  readonly passwordFile: string;
  readonly log: () => string;
  stop(): Promise<void>;
  start(): Promise<void>;
}

export async function startBroker({ lines = [], acl = [] }: BrokerOptions = {}): Promise<Broker> {
  const directory = temporaryDirectory();
  const port = await freePort();
  const at = (name: string): string => join(directory, name);
  execFileSync('mosquitto_passwd', ['-c', '-b', at('passwords'), brokerUser, brokerPassword]);
  writeFileSync(at('password'), `${brokerPassword}\n`);
  if (acl.length > 0) writeFileSync(at('acl'), `user ${brokerUser}\n${acl.join('\n')}\n`);
  const config = [
    ...[`listener ${port} 127.0.0.1`, 'allow_anonymous false', `password_file ${at('passwords')}`],
    // Without root it stays the user that starts it.
    ...['user root', 'persistence false', 'log_type all'],
    ...(acl.length > 0 ? [`acl_file ${at('acl')}`] : []),
    ...lines,
  ];
  writeFileSync(at('broker.conf'), `${config.join('\n')}\n`);
  let broker: Running | undefined;
  const startIt = async (): Promise<void> => {
    broker = start('/usr/sbin/mosquitto', ['-c', at('broker.conf')]);
    await broker.says('running');
  };
  await startIt();
  return {
    ...{ port, url: `mqtt://${brokerUser}@127.0.0.1:${port}`, passwordFile: at('password') },
    log: () => broker?.stderr() ?? '',
    start: startIt,
    async stop() {
      await broker?.stop();
    },
  };
}

export interface Message {
  readonly topic: string;
  readonly isRetained: boolean;
  readonly payload: Buffer;
}

const clientArguments = (port: number): string[] => [
  ...['-h', '127.0.0.1', '-p', String(port), '-u', brokerUser, '-P', brokerPassword, '-q', '1'],
];

/** Follows all topics, as `mosquitto_sub -v -t '#'` does. @returns what arrived so far */
export async function subscribe(port: number): Promise<() => readonly Message[]> {
  return (await startSubscriber(port)).messages;
}

async function startSubscriber(port: number) {
  // Into a pipe it would write in blocks.
  const client = start('stdbuf', [
    ...['-oL', 'mosquitto_sub', ...clientArguments(port)],
    ...['-t', '#', '-V', '5', '-F', '%t %r %x', '-d'],
  ]);
  await eventually(() => /SUBACK|Subscribed/.test(client.stdout()), 'a subscription');
  const messages = (): Message[] =>
    client
      .stdout()
      .split('\n')
      .flatMap((line) => {
        const [, topic = '', retained, hex = ''] = /^(\S+) ([01]) ([0-9a-f]*)$/.exec(line) ?? [];
        if (topic === '') return [];
        return [{ topic, isRetained: retained === '1', payload: Buffer.from(hex, 'hex') }];
      });
  // Killed: asked to end in the wrong moment it may stay.
  return { messages, stop: () => client.stop('SIGKILL') };
}

/** What the broker would give a client that comes now: by topic. */
export async function retained(port: number): Promise<ReadonlyMap<string, Buffer>> {
  const { messages, stop } = await startSubscriber(port);
  // After the retained messages.
  const mark = `test/mark/${process.hrtime.bigint()}`;
  send(port, mark, 'x');
  await eventually(() => messages().some(({ topic }) => topic === mark), 'the mark');
  await stop();
  return new Map(
    messages()
      .filter(({ topic, isRetained }) => isRetained && topic !== mark)
      .map(({ topic, payload }) => [topic, payload]),
  );
}

export function send(port: number, topic: string, text: string): void {
  execFileSync('mosquitto_pub', [...clientArguments(port), '-t', topic, '-m', text]);
}

/** HAProxy with the example of systemd/examples, in front of receivers with one bucket. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { formatIdentity } from '../../shared/keys/identity.js';
import { eventually } from './eventually.js';
import { freePort } from './ports.js';
import { type Running, root, start } from './programs.js';
import { type S3Stub, startS3Stub, stubKeys } from './s3-stub.js';
import { temporaryDirectory } from './temporary.js';

export const haproxyExample = `${root}systemd/examples/haproxy.cfg`;
export const fleetPlace = 's3://frames/cams';

export interface FleetReceiver extends Running {
  /** The status and the words of its answer for the balancer; undefined: it does not answer. */
  readonly health: () => Promise<string | undefined>;
}

export interface Fleet {
  readonly stub: S3Stub;
  /** Of HAProxy. */
  readonly port: number;
  /** Folder with the keys of all cameras, as systemd passes it. */
  readonly credentials: string;
  readonly keys: ReadonlyMap<string, { readonly camera: string; readonly id: string; key: Buffer }>;
  /** Starts HAProxy: the receivers that run then are taken for ready. */
  startBalancer(): Promise<void>;
  /** Starts the first or the second receiver of the example. A running HAProxy knows it then. */
  startReceiver(nth: 0 | 1): Promise<FleetReceiver>;
}

/** @param cameras that have a key */
export async function startFleet(cameras: readonly string[], drain: string): Promise<Fleet> {
  const stub = await startS3Stub();
  const folder = temporaryDirectory();
  const credentials = temporaryDirectory();
  const keys = new Map(
    cameras.map((camera) => [camera, { camera, id: 'k1', key: randomBytes(32) }]),
  );
  const lines = [...keys.values()].map(
    ({ camera, id, key }) =>
      `${formatIdentity({ name: camera, keyId: id })} ${key.toString('hex')}\n`,
  );
  writeFileSync(join(credentials, 'picchanged-keys'), lines.join(''));
  const { accessKeyId, secretAccessKey } = stubKeys;
  const s3Keys = `AWS_ACCESS_KEY_ID=${accessKeyId}\nAWS_SECRET_ACCESS_KEY=${secretAccessKey}\n`;
  writeFileSync(join(credentials, 'picchanged-s3'), s3Keys);

  const ports = await Promise.all(Array.from({ length: 5 }, () => freePort()));
  const [port = 0, ...ofReceivers] = ports;
  const [one, two] = [ofReceivers.slice(0, 2), ofReceivers.slice(2)];
  const text = readFileSync(haproxyExample, 'utf8')
    .replace('bind :4444', `bind 127.0.0.1:${port}`)
    .replace('192.168.1.11:4444', `127.0.0.1:${one[0]} port ${one[1]}`)
    .replace('192.168.1.12:4444', `127.0.0.1:${two[0]} port ${two[1]}`);
  const file = join(folder, 'haproxy.cfg');
  writeFileSync(file, text);
  let haproxy: Running | undefined;
  const startBalancer = async (): Promise<void> => {
    // The example starts also where few files may be open.
    const line = 'ulimit -n 1024; exec /usr/sbin/haproxy -f "$1"';
    haproxy = start('/bin/sh', ['-c', line, 'sh', file]);
    await eventually(() => isOpen(port), 'HAProxy listens');
  };

  const startReceiver = async (nth: 0 | 1): Promise<FleetReceiver> => {
    const [listen, health] = [one, two][nth] ?? [];
    const args = [
      ...['--dir', fleetPlace, '--s3-endpoint', stub.endpoint.origin],
      ...['--listen', `127.0.0.1:${listen}`, '--proxy', '127.0.0.1'],
      ...['--health', `127.0.0.1:${health}`, '--drain', drain, '--verbose'],
    ];
    const line = [`${root}dist/receiver.js`, ...args];
    const known = upCount(haproxy, nth);
    const running = start(process.execPath, line, {
      env: { CREDENTIALS_DIRECTORY: credentials },
    });
    await running.says('only paired cameras are accepted');
    if (haproxy !== undefined) {
      await eventually(() => upCount(haproxy, nth) > known, `HAProxy finds receiver ${nth}`);
    }
    const ask = async (): Promise<string | undefined> => {
      try {
        const response = await fetch(`http://127.0.0.1:${health}/health`);
        return `${response.status} ${(await response.text()).trim()}`;
      } catch {
        return undefined;
      }
    };
    return { ...running, health: ask };
  };
  return { stub, port, credentials, keys, startBalancer, startReceiver };
}

const names = ['one', 'two'] as const;

function upCount(haproxy: Running | undefined, nth: 0 | 1): number {
  return haproxy?.stdout().split(`Server receivers/${names[nth]} is UP`).length ?? 0;
}

async function isOpen(port: number): Promise<boolean> {
  const socket = connect({ port, host: '127.0.0.1' });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

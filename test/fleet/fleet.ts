/**
 * A fleet on this machine: cameras, HAProxy, receivers without state, the proxy that injects faults, HAProxy again, the
 * gateways of Ceph, its disks. All on loopback; each part can be killed.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { S3Client } from '../../receiver/store/s3/s3-client.js';
import type { CameraKey } from '../../shared/keys/identity.js';
import { type Ceph, cephBucket, cephKeys, startCeph, whyNoCeph } from '../support/ceph.js';
import { fleetKeyLines } from '../support/fleet-keys.js';
import {
  type BalancedServer,
  type Haproxy,
  startHaproxy,
  whyNoHaproxy,
} from '../support/haproxy.js';
import { freePort } from '../support/ports.js';
import { memoryBase } from '../support/temporary.js';
import { fakeClock, findLibfaketime } from '../faults/capabilities.js';
import { FleetReceiver } from './fleet-receiver.js';
import { type S3Proxy, startS3Proxy } from './s3-proxy.js';

export const whyNoFleet = (): string | undefined =>
  whyNoCeph() ??
  whyNoHaproxy() ??
  (findLibfaketime() === undefined ? 'faketime is missing: apt-get install faketime' : undefined);

export const diskCount = 3;
export const gatewayCount = 2;
const receiverCount = 2;
const prefix = 'fleet';
/** Frames that are older are deleted beside all else. */
export const maxAgeMs = 30 * 86_400_000;
const limits = ['--max-connections-per-address', '100', '--max-age', '30d', '--verbose'];

export interface Fleet {
  readonly ceph: Ceph;
  readonly proxy: S3Proxy;
  readonly haproxy: Haproxy;
  readonly receivers: readonly FleetReceiver[];
  /** Where cameras connect. */
  readonly port: number;
  /** Reads the bucket without the proxy. */
  readonly client: S3Client;
  /** Of the bucket, for the commands of the receiver. */
  readonly place: string;
  /** The keys file of the receivers. */
  readonly credentials: string;
  writeKeys(keys: { readonly accessKeyId: string; readonly secretAccessKey: string }): void;
  stop(): Promise<void>;
}

/**
 * @param cameraKeys of paired cameras; others send in the clear
 * @param random uniform in 0 ≤ x < 1
 */
export async function startFleet(
  cameraKeys: readonly CameraKey[],
  random: () => number,
): Promise<Fleet> {
  const directory = mkdtempSync(join(memoryBase, 'picchanged-fleet-'));
  const stops: (() => unknown)[] = [() => rmSync(directory, { recursive: true, force: true })];
  const stop = async (): Promise<void> => {
    for (const each of stops.reverse()) await each();
  };
  try {
    const credentials = join(directory, 'keys');
    let keys: { accessKeyId: string; secretAccessKey: string } = cephKeys;
    const writeKeys: Fleet['writeKeys'] = (next) => {
      keys = next;
      const lines = [
        `AWS_ACCESS_KEY_ID=${keys.accessKeyId}`,
        `AWS_SECRET_ACCESS_KEY=${keys.secretAccessKey}`,
      ];
      writeFileSync(credentials, `${lines.join('\n')}\n`, { mode: 0o600 });
    };
    writeKeys(cephKeys);
    const credentialsFolder = join(directory, 'credentials');
    mkdirSync(credentialsFolder);
    const fleetKeys = join(credentialsFolder, 'picchanged-keys');
    writeFileSync(fleetKeys, fleetKeyLines(cameraKeys), { mode: 0o600 });
    const ceph = await startCeph({ disks: diskCount, gateways: gatewayCount });
    stops.push(() => ceph.stop());
    const [port, storePort] = [await freePort(), await freePort()];
    const proxy = await startS3Proxy(storePort, random);
    stops.push(() => proxy.stop());
    const place = `s3://${cephBucket}/${prefix}`;
    const endpoint = ['--s3-endpoint', `http://127.0.0.1:${proxy.port}`];
    const receivers: FleetReceiver[] = [];
    const balanced: BalancedServer[] = [];
    for (let at = 0; at < receiverCount; at += 1) {
      const clockPath = join(directory, `clock.${at}`);
      writeFileSync(clockPath, '+0');
      const env = {
        ...fakeClock(findLibfaketime(), clockPath),
        CREDENTIALS_DIRECTORY: credentialsFolder,
      };
      const keysFolder = ['--keys', join(directory, `keys.${at}`), '--open'];
      const bucket = ['--dir', place, ...endpoint, '--s3-credentials', credentials];
      const [port, healthPort] = [await freePort(), await freePort()];
      const behind = ['--proxy', '127.0.0.1', '--health', `127.0.0.1:${healthPort}`];
      const cache = ['--cache', join(directory, 'cache')];
      const receiver = new FleetReceiver({
        ...{ port, clockPath, env },
        args: [...bucket, ...keysFolder, ...limits, ...behind, ...cache],
      });
      stops.push(() => receiver.kill());
      receivers.push(receiver);
      balanced.push({ port, healthPort });
    }
    const services = new Map<number, readonly BalancedServer[]>([
      [port, balanced],
      [storePort, ceph.gatewayPorts],
    ]);
    const haproxy = await startHaproxy(services);
    stops.push(() => haproxy.stop());
    for (const receiver of receivers) await receiver.start();
    return {
      ...{ ceph, proxy, haproxy, receivers, port, place, credentials, writeKeys, stop },
      client: ceph.client(`${prefix}/`, { readCredentials: () => Promise.resolve(keys) }),
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What the fleet meets. Each fault lasts until its function resolves; after it all parts run again. */
import { setTimeout as delay } from 'node:timers/promises';
import { cephKeys, cephUser } from '../support/ceph.js';
import { eventually } from '../support/eventually.js';
import { type Fleet, diskCount, gatewayCount } from './fleet.js';
import { type S3FaultKind, s3FaultKinds } from './s3-proxy.js';

const processFaults = ['kill-receiver', 'kill-gateway', 'kill-disk', 'kill-haproxy'] as const;
const storeFaults = ['expired-keys', 'rotated-keys', 'skewed-clocks', 'full-bucket'] as const;
export const fleetFaults = [...processFaults, ...s3FaultKinds, ...storeFaults] as const;
export type FleetFault = (typeof fleetFaults)[number];

export interface FaultWish {
  readonly kind: FleetFault;
  /** How long it lasts, at least. */
  readonly lastsMs: number;
  /** Uniform in 0 ≤ x < 1: which of several parts. */
  readonly chosen: number;
}

export async function injectFault(fleet: Fleet, wish: FaultWish): Promise<void> {
  const { kind, lastsMs, chosen } = wish;
  const { ceph, haproxy, receivers } = fleet;
  const oneOf = (count: number): number => Math.floor(chosen * count);
  switch (kind) {
    case 'kill-receiver': {
      const receiver = receivers[oneOf(receivers.length)];
      await receiver?.kill();
      await delay(lastsMs);
      await receiver?.start();
      return;
    }
    case 'kill-gateway': {
      const gateway = oneOf(gatewayCount);
      await ceph.killGateway(gateway);
      await delay(lastsMs);
      await ceph.startGateway(gateway);
      return;
    }
    case 'kill-disk': {
      // Two of three must have each object.
      await ceph.isWhole();
      const disk = oneOf(diskCount);
      await ceph.killDisk(disk);
      await delay(lastsMs);
      ceph.startDisk(disk);
      return;
    }
    case 'kill-haproxy':
      await haproxy.kill();
      await delay(lastsMs);
      await haproxy.start();
      return;
    case 'expired-keys':
    case 'rotated-keys':
      await changeKeys(fleet, kind, lastsMs);
      return;
    case 'skewed-clocks':
      await skewClocks(fleet);
      return;
    case 'full-bucket':
      await fillBucket(fleet);
      return;
    case 'slow':
    case 'error':
    case 'late-error':
    case 'cut-request':
    case 'cut-answer':
    case 'lost-answer':
      await disturbRequests(fleet, kind, lastsMs);
  }
}

async function disturbRequests({ proxy }: Fleet, kind: S3FaultKind, lastsMs: number) {
  const before = proxy.met.get(kind) ?? 0;
  proxy.fault = kind;
  await delay(lastsMs);
  await eventually(() => (proxy.met.get(kind) ?? 0) >= before + 5, `requests that meet ${kind}`);
  proxy.fault = undefined;
}

let keyCount = 0;

/** Rotated: the new keys are in the file before the old ones end. Expired: after it. */
async function changeKeys(fleet: Fleet, kind: FleetFault, lastsMs: number): Promise<void> {
  const { ceph } = fleet;
  const user = ['--uid', cephUser];
  const { keys } = JSON.parse(await ceph.admin('user', 'info', ...user)) as {
    keys: { access_key: string }[];
  };
  keyCount += 1;
  const accessKeyId = `fleet-key-${keyCount}`;
  const next = { accessKeyId, secretAccessKey: cephKeys.secretAccessKey };
  const own = ['--access-key', accessKeyId, '--secret-key', next.secretAccessKey];
  await ceph.admin('key', 'create', ...user, ...own);
  const endOld = async (): Promise<void> => {
    for (const { access_key: old } of keys)
      await ceph.admin('key', 'rm', ...user, '--access-key', old);
  };
  if (kind === 'rotated-keys') {
    fleet.writeKeys(next);
    await endOld();
    await delay(lastsMs);
  } else {
    await endOld();
    await logged(fleet, 'InvalidAccessKeyId');
    await delay(lastsMs);
    fleet.writeKeys(next);
  }
}

/** The dates in signatures are 20 minutes old. Of all receivers: one may have no camera after another fault. */
async function skewClocks(fleet: Fleet): Promise<void> {
  for (const receiver of fleet.receivers) receiver.setClock('-1200');
  await logged(fleet, 'the clock of this machine is wrong');
  for (const receiver of fleet.receivers) receiver.setClock('+0');
}

async function fillBucket(fleet: Fleet): Promise<void> {
  const { ceph } = fleet;
  const scope = ['--quota-scope', 'bucket', '--uid', cephUser];
  await ceph.admin('quota', 'set', ...scope, '--max-objects', '1');
  await ceph.admin('quota', 'enable', ...scope);
  await logged(fleet, 'the quota of the bucket is used up');
  await ceph.admin('quota', 'disable', ...scope);
}

/** Waits until a receiver says this once more. */
async function logged({ receivers }: Fleet, words: string): Promise<void> {
  const count = (): number =>
    receivers.reduce((sum, { log }) => sum + log.split(words).length - 1, 0);
  const before = count();
  await eventually(() => count() > before, `a receiver says '${words}'`, 60_000);
}

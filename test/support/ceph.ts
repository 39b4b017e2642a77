/**
 * A real object store on this machine: Ceph with a monitor, a manager, disks in memory and RADOS gateways, all on
 * loopback. With one disk and one gateway it starts in some 15 seconds, takes half a GB of memory, and ends with `stop`.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { requestOnce } from '../../receiver/store/s3/s3-request.js';
import { S3Client, type S3ClientParts } from '../../receiver/store/s3/s3-client.js';
import { systemClock } from '../../shared/clock.js';
import { cephConf } from './ceph-conf.js';
import { eventually } from './eventually.js';
import { freePort } from './ports.js';
import { missing } from './programs.js';
import { memoryBase } from './temporary.js';

const run = promisify(execFile);
const programs = {
  ceph: 'ceph-common',
  'ceph-mon': 'ceph-mon',
  'ceph-mgr': 'ceph-mgr',
  'ceph-osd': 'ceph-osd',
  radosgw: 'radosgw',
};
export const cephKeys = { accessKeyId: 'fleet-key', secretAccessKey: 'fleet-secret' };
export const cephBucket = 'frames';
export const cephUser = 'fleet';
/** A command may wait for a daemon that starts. */
const commandTimeoutMs = 60_000;

/** Why there is no Ceph here, as the reason of skipped tests; undefined: there is. */
export function whyNoCeph(): string | undefined {
  if (process.getuid?.() !== 0) return 'Ceph is started as root';
  return Object.entries(programs)
    .map(([program, debianPackage]) => missing(program, debianPackage))
    .find((each) => each !== undefined);
}

export interface CephShape {
  /** Of several, each keeps every object, and any one may be killed. */
  readonly disks?: number;
  readonly gateways?: number;
}

export interface Ceph {
  /** Of the first gateway. */
  readonly endpoint: URL;
  readonly gatewayPorts: readonly number[];
  /** A client of a bucket of it. */
  client(prefix: string, changes?: Partial<S3ClientParts>): S3Client;
  /** Ends a gateway as kill -9 does. */
  killGateway(number?: number): Promise<void>;
  startGateway(number?: number): Promise<void>;
  killDisk(number: number): Promise<void>;
  /** Resolves before the other disks know of it. */
  startDisk(number: number): void;
  /** Resolves when each object is on every disk. */
  isWhole(): Promise<unknown>;
  /** Runs radosgw-admin. @returns what it prints */
  admin(...args: string[]): Promise<string>;
  stop(): Promise<void>;
}

export async function startCeph({ disks = 1, gateways = 1 }: CephShape = {}): Promise<Ceph> {
  const directory = mkdtempSync(join(memoryBase, 'picchanged-ceph-'));
  const monitorPort = await freePort();
  const gatewayPorts: number[] = [];
  for (let at = 0; at < gateways; at += 1) gatewayPorts.push(await freePort());
  const conf = join(directory, 'ceph.conf');
  const keyring = join(directory, 'keyring');
  const daemons = new Map<string, ChildProcess>();
  const clusterId = randomUUID();
  const numbers = Array.from({ length: disks }, (_, at) => at);
  for (const name of ['mon', 'mgr', 'run']) mkdirSync(join(directory, name));
  for (const number of numbers) mkdirSync(join(directory, `osd.${number}`));
  writeFileSync(conf, cephConf({ directory, keyring, clusterId, monitorPort, disks }));
  const options = { env: { ...process.env, CEPH_CONF: conf }, timeout: commandTimeoutMs };
  const command = (program: string, ...args: string[]) => run(program, args, options);
  const logOf = (name: string): string => join(directory, `${name}.out`);
  const start = (name: string, program: string, ...args: string[]): ChildProcess => {
    // It ends with the tests, also when they are killed.
    const line = ['--pdeathsig', 'KILL', program, ...args, '-f', '--log-file', logOf(name)];
    const child = spawn('setpriv', line, { env: options.env, stdio: 'ignore' });
    daemons.set(name, child);
    return child;
  };
  const kill = async (name: string): Promise<void> => {
    const child = daemons.get(name);
    if (child !== undefined) await end(child);
  };
  const originOf = (number: number) => new URL(`http://127.0.0.1:${gatewayPorts[number]}`);
  const endpoint = originOf(0);
  const ceph: Ceph = {
    ...{ endpoint, gatewayPorts },
    client: (prefix, changes = {}) =>
      new S3Client({
        ...{ endpoint, bucket: cephBucket, prefix, region: 'default', clock: systemClock },
        ...{ readCredentials: () => Promise.resolve(cephKeys), ...changes },
      }),
    killGateway: (number = 0) => kill(`rgw.${number}`),
    async startGateway(number = 0) {
      const listen = `beast endpoint=127.0.0.1:${gatewayPorts[number]}`;
      const name = `rgw.${number}`;
      const own = ['-n', 'client.admin', '--rgw-frontends', listen];
      const gateway = start(name, 'radosgw', ...own, '--rgw-data', join(directory, name));
      await answered(gateway, originOf(number), logOf(name));
    },
    killDisk: (number) => kill(`osd.${number}`),
    startDisk: (number) => void start(`osd.${number}`, 'ceph-osd', '-i', String(number)),
    isWhole: () =>
      eventually(
        async () => {
          const { stdout } = await command('ceph', 'pg', 'stat', '--format', 'json');
          return isClean(stdout);
        },
        'all objects on all disks',
        120_000,
      ),
    admin: async (...args) =>
      (await command('radosgw-admin', '-n', 'client.admin', ...args)).stdout,
    async stop() {
      await Promise.all([...daemons.values()].map(end));
      rmSync(directory, { recursive: true, force: true });
    },
  };
  try {
    const makeKey = ['--create-keyring', keyring, '--gen-key', '-n', 'mon.'];
    await command('ceph-authtool', ...makeKey, '--cap', 'mon', 'allow *');
    for (const name of ['client.admin', 'mgr.a', ...numbers.map((number) => `osd.${number}`)]) {
      const rights = ['mon', 'osd', 'mgr'].flatMap((kind) => ['--cap', kind, 'allow *']);
      await command('ceph-authtool', keyring, '--gen-key', '-n', name, ...rights);
    }
    const map = join(directory, 'monmap');
    const address = `[v2:127.0.0.1:${monitorPort}]`;
    await command('monmaptool', '--create', '--addv', 'a', address, '--fsid', clusterId, map);
    await command('ceph-mon', '-i', 'a', '--mkfs', '--monmap', map, '--keyring', keyring);
    start('mon', 'ceph-mon', '-i', 'a');
    start('mgr', 'ceph-mgr', '-i', 'a');
    for (const number of numbers) {
      const [id, diskId] = [String(number), randomUUID()];
      await command('ceph', 'osd', 'new', diskId, id);
      await command('ceph-osd', '-i', id, '--mkfs', '--osd-uuid', diskId);
      ceph.startDisk(number);
      await command('ceph', 'osd', 'crush', 'add', id, '1', 'root=default', 'host=a');
    }
    for (let number = 0; number < gateways; number += 1) await ceph.startGateway(number);
    const { accessKeyId, secretAccessKey } = cephKeys;
    const keys = ['--access-key', accessKeyId, '--secret-key', secretAccessKey];
    await ceph.admin('user', 'create', '--uid', cephUser, '--display-name', cephUser, ...keys);
    await makeBucket(endpoint);
    return ceph;
  } catch (error) {
    await ceph.stop();
    throw error;
  }
}

function isClean(status: string): boolean {
  const { pg_summary: summary } = JSON.parse(status) as {
    pg_summary: { num_pgs: number; num_pg_by_state: { name: string; num: number }[] };
  };
  const clean = summary.num_pg_by_state.filter(({ name }) => name.startsWith('active+clean'));
  return clean.reduce((sum, { num }) => sum + num, 0) === summary.num_pgs;
}

async function makeBucket(endpoint: URL): Promise<void> {
  const place = { endpoint, bucket: cephBucket, prefix: '', region: 'default' };
  const parts = { ...place, credentials: cephKeys, running: new Set<() => void>() };
  const answer = await requestOnce({ method: 'PUT', key: '' }, parts);
  if ('failure' in answer) throw new Error('Ceph has not answered', { cause: answer.failure });
  if (answer.status !== 200) throw new Error(`Ceph answers ${answer.status} to a new bucket`);
}

async function answered(gateway: ChildProcess, endpoint: URL, log: string): Promise<void> {
  await eventually(
    async () => {
      if (gateway.exitCode !== null) throw new Error(`radosgw ended: ${readFileSync(log, 'utf8')}`);
      return await fetch(endpoint).then(
        () => true,
        () => false,
      );
    },
    'an answer of radosgw',
    120_000,
  );
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

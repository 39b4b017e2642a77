/**
 * A real object store on this machine: Ceph with a monitor, a manager, one disk in memory and a RADOS gateway, all on
 * loopback. It starts in some 15 seconds, takes half a GB of memory, and ends with `stop`.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { AwsClient } from 'aws4fetch';
import { S3Client, type S3ClientParts } from '../../receiver/store/s3/s3-client.js';
import { systemClock } from '../../shared/clock.js';
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
/** A command may wait for a daemon that starts. */
const commandTimeoutMs = 60_000;

/** Why there is no Ceph here, as the reason of skipped tests; undefined: there is. */
export function whyNoCeph(): string | undefined {
  if (process.getuid?.() !== 0) return 'Ceph is started as root';
  return Object.entries(programs)
    .map(([program, debianPackage]) => missing(program, debianPackage))
    .find((each) => each !== undefined);
}

export interface Ceph {
  readonly endpoint: URL;
  /** A client of a bucket of it. */
  client(prefix: string, changes?: Partial<S3ClientParts>): S3Client;
  /** Ends the gateway as kill -9 does. */
  killGateway(): Promise<void>;
  startGateway(): Promise<void>;
  stop(): Promise<void>;
}

export async function startCeph(): Promise<Ceph> {
  const directory = mkdtempSync(join(memoryBase, 'picchanged-ceph-'));
  const [monitorPort, gatewayPort] = [await freePort(), await freePort()];
  const conf = join(directory, 'ceph.conf');
  const keyring = join(directory, 'keyring');
  const daemons: ChildProcess[] = [];
  const [clusterId, diskId] = [randomUUID(), randomUUID()];
  for (const name of ['mon', 'mgr', 'osd', 'rgw', 'run']) mkdirSync(join(directory, name));
  writeFileSync(conf, confText({ directory, keyring, clusterId, monitorPort, gatewayPort }));
  const options = { env: { ...process.env, CEPH_CONF: conf }, timeout: commandTimeoutMs };
  const command = (program: string, ...args: string[]) => run(program, args, options);
  const start = (program: string, ...args: string[]): ChildProcess => {
    const log = join(directory, `${program}.out`);
    // It ends with the tests, also when they are killed.
    const line = ['--pdeathsig', 'KILL', program, ...args, '-f', '--log-file', log];
    const child = spawn('setpriv', line, { env: options.env, stdio: 'ignore' });
    daemons.push(child);
    return child;
  };
  let gateway: ChildProcess | undefined;
  const endpoint = new URL(`http://127.0.0.1:${gatewayPort}`);
  const ceph: Ceph = {
    endpoint,
    client: (prefix, changes = {}) =>
      new S3Client({
        ...{ endpoint, bucket: cephBucket, prefix, region: 'default', clock: systemClock },
        ...{ readCredentials: () => Promise.resolve(cephKeys), ...changes },
      }),
    async killGateway() {
      if (gateway !== undefined) await end(gateway);
    },
    async startGateway() {
      gateway = start('radosgw', '-n', 'client.admin');
      await answered(gateway, endpoint, join(directory, 'radosgw.out'));
    },
    async stop() {
      await Promise.all(daemons.map(end));
      rmSync(directory, { recursive: true, force: true });
    },
  };
  try {
    await command(
      'ceph-authtool',
      '--create-keyring',
      keyring,
      '--gen-key',
      '-n',
      'mon.',
      '--cap',
      'mon',
      'allow *',
    );
    for (const name of ['client.admin', 'mgr.a', 'osd.0']) {
      const rights = ['mon', 'osd', 'mgr'].flatMap((kind) => ['--cap', kind, 'allow *']);
      await command('ceph-authtool', keyring, '--gen-key', '-n', name, ...rights);
    }
    const map = join(directory, 'monmap');
    const address = `[v2:127.0.0.1:${monitorPort}]`;
    await command('monmaptool', '--create', '--addv', 'a', address, '--fsid', clusterId, map);
    await command('ceph-mon', '-i', 'a', '--mkfs', '--monmap', map, '--keyring', keyring);
    start('ceph-mon', '-i', 'a');
    start('ceph-mgr', '-i', 'a');
    await command('ceph', 'osd', 'new', diskId, '0');
    await command('ceph-osd', '-i', '0', '--mkfs', '--osd-uuid', diskId);
    start('ceph-osd', '-i', '0');
    await command('ceph', 'osd', 'crush', 'add', '0', '1', 'root=default', 'host=a');
    await ceph.startGateway();
    const { accessKeyId, secretAccessKey } = cephKeys;
    await command(
      ...(['radosgw-admin', '-n', 'client.admin', 'user', 'create', '--uid', 'fleet'] as const),
      ...['--display-name', 'fleet', '--access-key', accessKeyId, '--secret-key', secretAccessKey],
    );
    await makeBucket(endpoint);
    return ceph;
  } catch (error) {
    await ceph.stop();
    throw error;
  }
}

async function makeBucket(endpoint: URL): Promise<void> {
  const client = new AwsClient({ ...cephKeys, service: 's3', region: 'default' });
  const { status } = await client.fetch(`${endpoint.origin}/${cephBucket}`, { method: 'PUT' });
  if (status !== 200) throw new Error(`Ceph answers ${status} to a new bucket`);
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

interface ConfFacts {
  readonly directory: string;
  readonly keyring: string;
  readonly clusterId: string;
  readonly monitorPort: number;
  readonly gatewayPort: number;
}

function confText({ directory, keyring, clusterId, monitorPort, gatewayPort }: ConfFacts): string {
  return `[global]
fsid = ${clusterId}
mon host = [v2:127.0.0.1:${monitorPort}]
mon initial members = a
keyring = ${keyring}
run dir = ${directory}/run
admin socket = ${directory}/run/$name.$pid.asok
crash dir = ${directory}
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind ipv6 = false
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd pool default pgp num = 4
osd crush chooseleaf type = 0
# The start of the disk would wait for a tool that only whole installations have.
osd class update on start = false
osd objectstore = memstore
memstore device bytes = 2147483648
mon allow pool size one = true
mon data avail warn = 1
mon data avail crit = 0
[mon.a]
mon data = ${directory}/mon
[mgr.a]
mgr data = ${directory}/mgr
[osd.0]
osd data = ${directory}/osd
[client.admin]
rgw data = ${directory}/rgw
rgw frontends = beast endpoint=127.0.0.1:${gatewayPort}
rgw enable gc threads = false
rgw enable lc threads = false
`;
}

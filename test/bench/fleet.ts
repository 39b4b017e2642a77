/**
 * How far a fleet goes: one receiver with a directory, one with a bucket of Ceph, two with the bucket behind HAProxy. The
 * cameras are the agent's own wire side, in this process. As root, with Ceph and HAProxy.
 * `npm run bench -- fleet [--cameras 10,100] [--rounds N] [--clear]`
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { cephBucket, cephKeys, startCeph, whyNoCeph } from '../support/ceph.js';
import { fleetKeyLines, makeCameraKeys } from '../support/fleet-keys.js';
import { whyNoHaproxy } from '../support/haproxy.js';
import { memoryBase } from '../support/temporary.js';
import { emptyBucket, putsAFrame } from './fleet/bucket-usage.js';
import { type Figures, type Setup, measure } from './fleet/measure.js';
import { maxOpenFiles } from './fleet/usage.js';

const { values } = parseArgs({
  options: {
    cameras: { type: 'string', default: '10,100,300,1000' },
    rounds: { type: 'string', default: '3' },
    /** Of all cameras together, in a round: as fast as they go. */
    frames: { type: 'string', default: '500' },
    /** The same at a pace. */
    paced: { type: 'string', default: '200' },
    /** The pace, of all cameras together, in a second. */
    rate: { type: 'string', default: '50' },
    /** In the clear too, beside TLS. */
    clear: { type: 'boolean', default: false },
  },
});
const whyNot = whyNoCeph() ?? whyNoHaproxy();
if (whyNot !== undefined) throw new Error(whyNot);
const load = {
  rounds: Number(values.rounds),
  frames: Number(values.frames),
  pacedFrames: Number(values.paced),
  perSecond: Number(values.rate),
};
const cameraCounts = values.cameras.split(',').map(Number);
const mostCameras = Math.max(...cameraCounts);
/** A connection, its folders and record, and one to the object store; HAProxy has 4,000 connections with two files each. */
const neededFiles = Math.max(8200, 4 * mostCameras + 500);
if (maxOpenFiles() < neededFiles) {
  throw new Error(
    `a process may have ${maxOpenFiles()} files open, ${mostCameras} cameras need ${neededFiles}: ulimit -n ${neededFiles}`,
  );
}
const keys = makeCameraKeys(mostCameras);
const directory = mkdtempSync(join(memoryBase, 'picchanged-bench-'));
const credentials = join(directory, 'credentials');
mkdirSync(credentials);
writeFileSync(join(credentials, 'picchanged-keys'), fleetKeyLines(keys), { mode: 0o600 });
const ceph = await startCeph();

const stores = [
  { name: 'directory', receiverCount: 1, isBucket: false },
  { name: 'bucket', receiverCount: 1, isBucket: true },
  { name: 'bucket, two receivers', receiverCount: 2, isBucket: true },
] as const;
type Store = (typeof stores)[number];

/** Empty before and after it is measured. */
async function measureStore(
  { receiverCount, isBucket }: Store,
  cameras: number,
  isSecure: boolean,
): Promise<Figures & { readonly puts: number }> {
  const folder = join(directory, 'captures');
  const client = ceph.client('bench/');
  const endpoint = ['--s3-endpoint', ceph.endpoint.origin];
  const place = isBucket ? ['--dir', `s3://${cephBucket}/bench`, ...endpoint] : ['--dir', folder];
  const env = {
    AWS_ACCESS_KEY_ID: cephKeys.accessKeyId,
    AWS_SECRET_ACCESS_KEY: cephKeys.secretAccessKey,
    // A camera that has a key may not send in the clear.
    ...(isSecure && { CREDENTIALS_DIRECTORY: credentials }),
  };
  const args = [...place, '--keys', join(directory, 'keys')];
  const setup: Setup = { receiverCount, args, env, isSecure };
  const figures = await measure(setup, keys.slice(0, cameras), load);
  const puts = isBucket ? await putsAFrame(client) : 0;
  await emptyBucket(client);
  client.close();
  rmSync(folder, { recursive: true, force: true });
  return { ...figures, puts };
}

const columns: [string, keyof Figures | 'puts', number][] = [
  ['CPU ms a frame', 'cpu', 2],
  ['of the first 1,000', 'firstCpu', 2],
  [`at ${load.perSecond} a second`, 'pacedCpu', 2],
  ['of HAProxy', 'haproxyCpu', 2],
  ['acknowledged after ms, p50', 'p50', 0],
  ['p99', 'p99', 0],
  ['MiB', 'mib', 0],
  ['frames/s at most', 'perSecond', 0],
  ['PUTs a frame', 'puts', 2],
  ['all again after s', 'againSeconds', 1],
  ['CPU ms a camera for it', 'againCpu', 1],
];

try {
  const titles = columns.map(([title]) => title).join(' | ');
  console.log(`| cameras | store | TLS | ${titles} | load |`);
  for (const cameras of cameraCounts) {
    for (const isSecure of values.clear ? [false, true] : [true]) {
      for (const store of stores) {
        const figures = await measureStore(store, cameras, isSecure);
        const cells = columns.map(([, key, digits]) => figures[key].toFixed(digits)).join(' | ');
        const start = `| ${cameras} | ${store.name} | ${isSecure ? 'yes' : 'no'}`;
        console.log(`${start} | ${cells} | ${loadavg()[0]?.toFixed(1)} |`);
      }
    }
  }
} finally {
  await ceph.stop();
  rmSync(directory, { recursive: true, force: true });
}

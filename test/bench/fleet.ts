/**
 * How far a fleet goes: one receiver with a directory, one with a bucket of Ceph, two with the bucket behind HAProxy, in the
 * clear and with TLS. The cameras are the agent's own wire side, in this process. As root, with Ceph and HAProxy.
 * `npm run bench -- fleet [--cameras 10,100] [--frames N] [--rounds N]`
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { cephBucket, cephKeys, startCeph, whyNoCeph } from '../support/ceph.js';
import { fleetKeyLines, makeCameraKeys } from '../support/fleet-keys.js';
import { whyNoHaproxy } from '../support/haproxy.js';
import { memoryBase } from '../support/temporary.js';
import { type Figures, type Setup, measure } from './fleet/measure.js';
import { quantile } from './fleet/usage.js';

const { values } = parseArgs({
  options: {
    cameras: { type: 'string', default: '10,100,300,1000' },
    /** Of all cameras together. */
    frames: { type: 'string', default: '1000' },
    rounds: { type: 'string', default: '3' },
  },
});
const whyNot = whyNoCeph() ?? whyNoHaproxy();
if (whyNot !== undefined) throw new Error(whyNot);
const rounds = Number(values.rounds);
const cameraCounts = values.cameras.split(',').map(Number);
const keys = makeCameraKeys(Math.max(...cameraCounts));
const directory = mkdtempSync(join(memoryBase, 'picchanged-bench-'));
const credentials = join(directory, 'credentials');
mkdirSync(credentials);
writeFileSync(join(credentials, 'picchanged-keys'), fleetKeyLines(keys), { mode: 0o600 });
const ceph = await startCeph();

function* setups(round: string): Generator<[string, Setup]> {
  const endpoint = ['--s3-endpoint', ceph.endpoint.origin];
  const s3 = {
    AWS_ACCESS_KEY_ID: cephKeys.accessKeyId,
    AWS_SECRET_ACCESS_KEY: cephKeys.secretAccessKey,
  };
  for (const isSecure of [false, true]) {
    const suffix = isSecure ? 'TLS' : 'clear';
    const common = ['--keys', join(directory, 'keys')];
    // A camera that has a key may not send in the clear.
    const env = { ...s3, ...(isSecure && { CREDENTIALS_DIRECTORY: credentials }) };
    const inDirectory = [...common, '--dir', join(directory, `${round}-${suffix}`)];
    yield [`directory, ${suffix}`, { receiverCount: 1, args: inDirectory, env, isSecure }];
    for (const receiverCount of [1, 2] as const) {
      const place = `s3://${cephBucket}/${round}-${suffix}-${receiverCount}`;
      const args = [...common, '--dir', place, ...endpoint];
      const name = receiverCount === 1 ? 'bucket' : 'bucket, two behind HAProxy';
      yield [`${name}, ${suffix}`, { receiverCount, args, env, isSecure }];
    }
  }
}

const columns: [string, keyof Figures, number][] = [
  ['CPU ms a frame', 'cpu', 2],
  ['of HAProxy', 'haproxyCpu', 2],
  ['acknowledged after ms, p50', 'p50', 0],
  ['p99', 'p99', 0],
  ['MiB', 'mib', 0],
  ['frames/s', 'perSecond', 0],
  ['all again after s', 'againSeconds', 1],
  ['CPU ms a camera', 'againCpu', 1],
];

/** Medians. */
function rowOf(cameras: number, name: string, figures: readonly Figures[]): string {
  const cells = columns.map(([, key, digits]) =>
    quantile(
      figures.map((each) => each[key]),
      0.5,
    ).toFixed(digits),
  );
  return `| ${cameras} | ${name} | ${cells.join(' | ')} | ${loadavg()[0]?.toFixed(1)} |`;
}

try {
  const titles = columns.map(([title]) => title).join(' | ');
  console.log(`| cameras | store | ${titles} | load |`);
  for (const cameras of cameraCounts) {
    const results = new Map<string, Figures[]>();
    for (let round = 1; round <= rounds; round += 1) {
      for (const [name, setup] of setups(`${cameras}-${round}`)) {
        const count = Math.ceil(Number(values.frames) / cameras);
        const figures = await measure(setup, keys.slice(0, cameras), count);
        const all = [...(results.get(name) ?? []), figures];
        results.set(name, all);
        if (round === rounds) console.log(rowOf(cameras, name, all));
      }
    }
  }
} finally {
  await ceph.stop();
  rmSync(directory, { recursive: true, force: true });
}

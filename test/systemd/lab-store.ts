/** A lab in which a receiver stores in a bucket: the package, the keys, and an object store outside of the lab. */
import { once } from 'node:events';
import { chmodSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { eventually } from '../support/eventually.js';
import { missing } from '../support/programs.js';
import type { S3Keys } from '../support/s3-signature.js';
import { type S3Stub, startS3Stub, stubBucket } from '../support/s3-stub.js';
import { Lab, packageAt, whyNoLab } from './lab.js';
import { writeInLab } from './shipped.js';

export const labEndpoint = 'http://127.0.0.1:9000';
/** Of the package in the lab. */
export const folder = '/opt/picchanged';
export const place = `s3://${stubBucket}/cams`;
export const credential = '/etc/credstore/picchanged-s3';

/** Why there can be no such lab here, as `whyNoLab`. */
export const whyNoStoreLab = (): string | undefined =>
  whyNoLab() ?? missing('socat', 'socat') ?? missing('curl', 'curl');

/** Boots a lab with the package, in which nothing is installed. */
export async function bootPackage(): Promise<Lab> {
  const lab = await Lab.boot({ copies: packageAt(folder) });
  // Left by tests that pair as root on this machine.
  await lab.must('rm', '-rf', '/etc/picchanged');
  return lab;
}

/** The content of a keys file. */
export const keysText = ({ accessKeyId, secretAccessKey }: S3Keys): string =>
  `AWS_ACCESS_KEY_ID=${accessKeyId}\nAWS_SECRET_ACCESS_KEY=${secretAccessKey}\n`;

/** Writes a keys file. @param path a new one is for root alone */
export async function writeKeys(
  lab: Lab,
  keys: S3Keys,
  { path = credential, mode = '600' } = {},
): Promise<void> {
  writeInLab(lab, path, keysText(keys));
  await lab.must('chmod', mode, path);
}

/** Starts a store in this process, and brings it into the lab. */
export async function bringStore(lab: Lab): Promise<S3Stub> {
  const stub = await startS3Stub();
  await bridgeStore(lab, stub.endpoint);
  return stub;
}

/** Brings a store of this machine to `labEndpoint`. */
export async function bridgeStore(lab: Lab, { port }: URL): Promise<void> {
  const bridge = createServer((inside) => {
    const outside = connect(Number(port), '127.0.0.1');
    for (const socket of [inside, outside]) socket.on('error', () => socket.destroy());
    inside.on('close', () => outside.destroy());
    inside.pipe(outside).pipe(inside);
  });
  bridge.unref();
  const path = lab.path('/run/store.sock');
  bridge.listen(path);
  await once(bridge, 'listening');
  chmodSync(path, 0o666);
  lab.start('socat', 'TCP-LISTEN:9000,bind=127.0.0.1,fork,reuseaddr', 'UNIX:/run/store.sock');
  await eventually(async () => {
    const { code } = await lab.sh('exec 3<>/dev/tcp/127.0.0.1/9000');
    return code === 0;
  }, 'the store in the lab');
}

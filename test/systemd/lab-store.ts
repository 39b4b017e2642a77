/** The object store of the test's process, in the lab. */
import { once } from 'node:events';
import { chmodSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { eventually } from '../support/eventually.js';
import { type S3Stub, startS3Stub } from '../support/s3-stub.js';
import type { Lab } from './lab.js';

export const labEndpoint = 'http://127.0.0.1:9000';

/** Starts a store, and listens for it on a port of the lab's loopback. */
export async function bringStore(lab: Lab): Promise<S3Stub> {
  const stub = await startS3Stub();
  const { port } = stub.endpoint;
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
  return stub;
}

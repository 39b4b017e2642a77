/** An object store whose certificate this machine does not trust gets no request, and the error says what to do. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { describeError } from '../../../../shared/cli/errors.js';
import { missing } from '../../../support/programs.js';
import { clientOf } from '../../../support/s3-bucket.js';
import { startS3Stub } from '../../../support/s3-stub.js';
import { temporaryDirectory } from '../../../support/temporary.js';

const why = missing('openssl', 'openssl');

/** Signs a certificate by the key of another one, or by its own: then nobody vouches for it. */
function certificates() {
  const folder = temporaryDirectory();
  const at = (name: string, kind: 'key' | 'pem'): string => join(folder, `${name}.${kind}`);
  const make = (name: string, by = name): void => {
    const form = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
    const names = ['-nodes', '-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1'];
    const files = ['-keyout', at(name, 'key'), '-out', at(name, 'pem')];
    const signer = by === name ? [] : ['-CA', at(by, 'pem'), '-CAkey', at(by, 'key')];
    const { status, stderr } = spawnSync('openssl', [...form, ...names, ...files, ...signer]);
    if (status !== 0) throw new Error(`openssl: ${stderr.toString()}`);
  };
  return {
    make,
    read: (name: string, kind: 'key' | 'pem') => readFileSync(at(name, kind), 'utf8'),
  };
}

describe.skipIf(why !== undefined)(`a certificate that is not trusted ${why ?? ''}`, () => {
  it.each([
    ['of its own', ['store'], [], 'self-signed certificate', 'certificate'],
    ['of an authority', ['root', 'store'], [], 'unable to verify', 'authority'],
    ['sent with its authority', ['root', 'store'], ['root'], 'in certificate chain', 'authority'],
    ['of another one', ['root', 'middle', 'store'], ['middle'], 'local issuer', 'authority'],
  ] as const)('%s', async (_, signed, sent, words, what) => {
    const { make, read } = certificates();
    for (const [at, name] of signed.entries()) make(name, signed[at - 1]);
    let requests = 0;
    const chain = ['store', ...sent].map((name) => read(name, 'pem')).join('');
    const options = { key: read('store', 'key'), cert: chain };
    const server = createServer(options, (_request, response) => {
      requests += 1;
      response.end();
    }).listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const endpoint = new URL(`https://127.0.0.1:${port}`);
    const client = clientOf(await startS3Stub(), { endpoint });
    const error: unknown = await client.get('yard').catch((cause: unknown) => cause);
    expect(describeError(error)).toContain('cannot read s3://frames/cams/yard');
    expect(describeError(error)).toContain(words);
    expect(error).toMatchObject({
      code: 'STORE',
      hint: `trust its ${what}: NODE_EXTRA_CA_CERTS=FILE; services need it in their settings (docs/fleet.md)`,
    });
    expect(requests).toBe(0);
  });
});

/** The doctor's look at a bucket: what works is ok, and each fault has its fix. */
import { describe, expect, it } from 'vitest';
import {
  type BucketCheck,
  bucketFindings,
} from '../../../../receiver/setup/doctor/bucket-findings.js';
import { openBucketStore } from '../../../../receiver/store/s3/bucket-store.js';
import { OperationalError } from '../../../../shared/cli/errors.js';
import { clientOf, pausingClock } from '../../../support/s3-bucket.js';
import { type S3Stub, startS3Stub, stubKeys } from '../../../support/s3-stub.js';

async function check(stub: S3Stub, changes: Partial<BucketCheck> = {}) {
  const findings = await bucketFindings({
    ...{ place: 's3://frames/cams', endpoint: stub.endpoint, region: 'us-east-1' },
    ...{ clock: pausingClock(), readCredentials: () => Promise.resolve(stubKeys) },
    ...changes,
  });
  return findings.map(
    ({ check: what, level, says, todo = '' }) => `${level} ${what}: ${says} → ${todo}`,
  );
}

describe('the doctor of a bucket', () => {
  it('tries what a receiver does, and leaves nothing', async () => {
    const stub = await startS3Stub();
    const findings = await check(stub);
    expect(findings).toEqual([
      expect.stringMatching(/^ok bucket: s3:\/\/frames\/cams\/ answers/),
      expect.stringMatching(/^ok marker: none yet/),
      ...['condition', 'write', 'list', 'remove', 'store clock'].map(
        (what) => expect.stringMatching(`^ok ${what}: `) as string,
      ),
    ]);
    expect([...stub.objects.keys()]).toEqual([]);
    await openBucketStore({ client: clientOf(stub), clock: pausingClock() });
    expect((await check(stub))[1]).toBe('ok marker: .picchanged.json marks this bucket → ');
  });

  const refused = (code: string, method?: string) => (stub: S3Stub) => {
    stub.fault = (seen) =>
      method === undefined || seen.method === method
        ? { kind: 'refuse', status: 403, code }
        : undefined;
  };
  it.each<[string, (stub: S3Stub) => void, string]>([
    ['an unknown key', refused('InvalidAccessKeyId'), 'set the right one'],
    ['a wrong secret', refused('SignatureDoesNotMatch'), 'AWS_SECRET_ACCESS_KEY or --s3-region'],
    ['no right to write', refused('AccessDenied', 'PUT'), 'the right to list, read, write'],
    ['no right to remove', refused('AccessDenied', 'DELETE'), 'the right to list, read, write'],
    [
      'a full bucket',
      refused('QuotaExceeded', 'PUT'),
      'the quota of the bucket is used up: raise it',
    ],
    [
      'a store that overwrites',
      (stub) => (stub.conditions = 'ignored'),
      'fault condition: the object store ignores If-None-Match',
    ],
    [
      'a store without conditions',
      (stub) => (stub.conditions = 'not implemented'),
      'warning condition: the object store knows no conditional writes (501)',
    ],
    [
      'a marker without an id',
      (stub) =>
        stub.objects.set('cams/.picchanged.json', {
          ...{ body: Buffer.from('{}'), metadata: {}, modifiedAtMs: 0 },
        }),
      'fault marker: s3://frames/cams/.picchanged.json has no id',
    ],
  ])('names %s', async (_, harm, says) => {
    const stub = await startS3Stub();
    harm(stub);
    expect((await check(stub)).join('\n')).toContain(says);
  });

  it('names a bucket that is missing, an endpoint that does not answer, and one that is not named', async () => {
    const stub = await startS3Stub();
    const missing = await check(stub, { place: 's3://other/cams' });
    expect(missing[0]).toMatch(/^fault bucket: .*NoSuchBucket.* → make the bucket/);
    const closed = await check(stub, { endpoint: new URL('http://127.0.0.1:1') });
    expect(closed).toEqual([expect.stringMatching(/^fault bucket: .*→ nothing listens there/)]);
    const unnamed = await check(stub, { endpoint: undefined });
    expect(unnamed).toEqual([expect.stringMatching(/^fault bucket: .*→ add --s3-endpoint/)]);
  });

  it('names keys that cannot be read', async () => {
    const stub = await startS3Stub();
    const error = new OperationalError('KEYS', 'AWS_ACCESS_KEY_ID is not in /x', {
      hint: 'set it',
    });
    const findings = await check(stub, { readCredentials: () => Promise.reject(error) });
    expect(findings).toEqual(['fault bucket: AWS_ACCESS_KEY_ID is not in /x → set it']);
  });

  it.each([
    [-3_600_000, "fault store clock: the object store's clock is 60 min ahead of this machine's"],
    [120_000, "warning store clock: the object store's clock is 2 min behind this machine's"],
  ])('names a clock that is %i ms off', async (offMs, says) => {
    const stub = await startS3Stub();
    const clock = pausingClock();
    const findings = await check(stub, { clock: { ...clock, nowMs: () => Date.now() + offMs } });
    expect(findings.join('\n')).toContain(says);
  });
});

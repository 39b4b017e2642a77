/** A client whose process is killed at one of its requests, or that meets one refusal. */
import { exchange } from '../../receiver/store/s3/http-exchange.js';
import type { S3Client } from '../../receiver/store/s3/s3-client.js';
import { clientOf } from './s3-bucket.js';
import type { S3Stub } from './s3-stub.js';

/** `before`: the request is not carried out; `after`: it is, and its answer is lost. No request follows these two. */
export type Ending = 'before' | 'after' | 'refused';

/** @param at number of the request, from 1 */
export function endingClient(
  stub: S3Stub,
  at: number,
  ending: Ending,
): { readonly client: S3Client; readonly requests: () => number } {
  let count = 0;
  const send: typeof exchange = async (url, request) => {
    count += 1;
    if (count < at || (ending === 'refused' && count > at)) return await exchange(url, request);
    if (ending === 'refused') {
      const body = Buffer.from('<Error><Code>AccessDenied</Code></Error>');
      return { status: 403, headers: {}, body };
    }
    if (ending === 'after' && count === at) await exchange(url, request);
    throw new Error('the process was killed');
  };
  return { client: clientOf(stub, { send, giveUpAfterMs: 0 }), requests: () => count };
}

/** A stub with the same objects. */
export function copyObjects(from: S3Stub['objects'], to: S3Stub): void {
  to.objects.clear();
  for (const [key, object] of from) to.objects.set(key, object);
}

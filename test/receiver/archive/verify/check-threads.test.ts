/** Checks in threads: results in the order of the entries, and an error when a thread does not check all. */
import { build } from 'esbuild';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  CheckEndedError,
  CheckThreads,
} from '../../../../receiver/archive/verify/check-threads.js';
import type { EntryJob } from '../../../../receiver/archive/verify/entry-check.js';
import { EntryQueue } from '../../../../receiver/archive/verify/entry-queue.js';
import { targetError } from '../../../../receiver/archive/verify/open-target.js';
import { temporaryDirectory } from '../../../support/temporary.js';
import { makeStore, verify } from './made-store.js';

function threadsOf(program: string): CheckThreads {
  const url = new URL(`data:text/javascript,${encodeURIComponent(program)}`);
  const checker = new CheckThreads(url, 3);
  onTestFinished(() => checker.close());
  return checker;
}

/** @param code of a thread, which has `port` */
const threads = (code: string): CheckThreads =>
  threadsOf(`import { parentPort as port } from 'node:worker_threads';\n${code}`);

/** Those of the program. */
async function ownThreads(): Promise<CheckThreads> {
  const worker = 'receiver/archive/verify/verify-worker.ts';
  const options = { bundle: true, platform: 'node', format: 'esm', write: false } as const;
  const { outputFiles } = await build({ ...options, entryPoints: [worker] });
  return threadsOf(outputFiles[0]?.text ?? '');
}

/** Answers with the sizes of the jobs, the first batch of a thread last. */
const slowAtFirst = `
  let ms = 60;
  const answer = (jobs) => jobs.map(({ file }) => ({ file: { bytesRead: file.byteCount } }));
  port.on('message', ({ jobs }) => {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
    ms = 0;
    port.postMessage(answer(jobs));
  });`;

const job = (byteCount: number): EntryJob => ({
  file: { place: undefined, byteCount, sha256: '' },
});

describe('results', () => {
  it('are used in the order of the entries, whichever thread is faster', async () => {
    const queue = new EntryQueue(threads(slowAtFirst), []);
    const seen: (number | undefined)[] = [];
    const sizes = Array.from({ length: 1000 }, (_, at) => at);
    for (const size of sizes) {
      await queue.add(job(size), ({ file }) => seen.push(file?.bytesRead));
    }
    await queue.end();
    expect(seen).toEqual(sizes);
  });

  it('of several threads are those of one', async () => {
    const directory = temporaryDirectory();
    const { known } = await makeStore(directory);
    const alone = await verify(directory, known);
    const together = await verify(directory, known, { checker: await ownThreads() });
    expect(together).toEqual(alone);
  });
});

describe('a thread that does not check all ends the verification:', () => {
  const failures: [string, string, string][] = [
    ['it throws', `port.on('message', () => { throw new Error('broken'); });`, 'broken'],
    ['it ends', `port.on('message', () => process.exit(0));`, 'ended with 0'],
    ['it cannot start', `throw new Error('cannot start');`, 'cannot start'],
    ['it answers less', `port.on('message', () => port.postMessage([]));`, 'checked 0 of'],
    [
      'it takes too much memory',
      `port.on('message', () => { const all = []; for (;;) all.push([...'x'.repeat(1000)]); });`,
      'memory',
    ],
  ];
  it.each(failures)('%s', async (_, code, words) => {
    const directory = temporaryDirectory();
    const { known } = await makeStore(directory);
    const checker = threads(code);
    const verifying = verify(directory, known, { checker });
    const error: unknown = await verifying.catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(CheckEndedError);
    expect(targetError('captures', error)).toMatchObject({
      code: 'UNREADABLE',
      message: 'not all of captures is checked',
      cause: error,
    });
    expect(`${String(error)} ${String((error as Error).cause)}`).toContain(words);
    await expect(checker.check({ jobs: [{}], keys: [] })).rejects.toBe(error);
  });
});

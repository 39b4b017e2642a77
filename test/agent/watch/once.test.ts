/** The order of the steps of a one-shot run. */
import { describe, expect, it } from 'vitest';
import type { Verdict } from '../../../agent/events/verdict.js';
import type { CapturedFrame } from '../../../agent/source/frame-source.js';
import type { CloseResult } from '../../../agent/spool/spool.js';
import { type OnceParts, runOnce } from '../../../agent/watch/once.js';
import { OperationalError } from '../../../shared/cli/errors.js';
import { FakeClock } from '../../support/fake-clock.js';
import { keptLog } from '../../support/log.js';

const verdict: Verdict = {
  reason: 'change',
  ratio: 0.1,
  boxes: [],
  changed: true,
  strength: 2,
  event: 'e1',
};
const frame: CapturedFrame = { jpeg: Buffer.from('x'), capturedAtMs: 0, origin: 'a test' };

interface Run {
  /** Frames that wait in memory only. */
  readonly inMemoryCount?: number;
  readonly closed?: Partial<CloseResult>;
  readonly next?: () => Promise<CapturedFrame>;
}

async function run({ inMemoryCount = 0, closed = {}, next }: Run) {
  const steps: string[] = [];
  const step = <T>(name: string, result: T): Promise<T> => {
    steps.push(name);
    return Promise.resolve(result);
  };
  const { log, lines } = keptLog();
  const parts: OnceParts = {
    source: {
      name: 'a test',
      pace: 'shots',
      next: next ?? (() => step('take', frame)),
      close: () => Promise.resolve(),
    },
    pipeline: {
      hasChange: false,
      process: () => [{ frame, verdict }],
      keepState: () => step('state', undefined),
    },
    outbox: {
      ...{ waitingCount: 1, inMemoryCount },
      add: () => step('spool', { capturedAtMs: 0, sha256: '0'.repeat(64), isOnDisk: true }),
      close: () => step('close', { onDisk: 0, lost: 0, isRecorded: false, ...closed }),
    },
    delivery: { finish: () => step('deliver', true) },
    ...{ reports: undefined, observers: [], clock: new FakeClock(), log },
  };
  const failure = await runOnce(parts, 1000, new AbortController().signal).then(
    () => undefined,
    (error: unknown) => error,
  );
  return { steps, failure, lines };
}

describe('a one-shot run', () => {
  it('writes the state before delivery when the frame is on the disk', async () => {
    const { steps, failure } = await run({});
    expect(steps).toEqual(['take', 'spool', 'state', 'deliver', 'close']);
    expect(failure).toBeUndefined();
  });

  it('writes the state after delivery when the frame is in memory', async () => {
    const { steps } = await run({ inMemoryCount: 1 });
    expect(steps).toEqual(['take', 'spool', 'deliver', 'close', 'state']);
  });

  it('writes no state when the frame is lost: the next run detects the change again', async () => {
    const { steps, failure } = await run({ inMemoryCount: 1, closed: { lost: 1 } });
    expect(steps).toEqual(['take', 'spool', 'deliver', 'close']);
    expect(failure).toMatchObject({ code: 'UNDELIVERED' });
  });

  it('delivers waiting frames before it fails with the error of the source', async () => {
    const gone = new OperationalError('CAMERA', 'no camera');
    const { steps, failure } = await run({ next: () => Promise.reject(gone) });
    expect(steps).toEqual(['deliver', 'close']);
    expect(failure).toBe(gone);
  });

  it('logs the frames that wait for the next run', async () => {
    const { lines } = await run({ closed: { onDisk: 2 } });
    expect(lines).toContain('<4>test: frames wait for the next run waiting=2');
  });
});

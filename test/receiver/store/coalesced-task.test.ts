/** Runs that several callers wait for. */
import { describe, expect, it } from 'vitest';
import { type AfterFailure, CoalescedTask } from '../../../receiver/store/coalesced-task.js';

function countedRuns(afterFailure?: AfterFailure) {
  const ends: { resolve: () => void; reject: (error: Error) => void }[] = [];
  const runs = new CoalescedTask(
    () => new Promise((resolve, reject) => ends.push({ resolve: () => resolve(), reject })),
    afterFailure,
  );
  return { runs, ends };
}
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a coalesced task', () => {
  it('runs once more for all calls during a run', async () => {
    const { runs, ends } = countedRuns();
    const first = runs.join();
    const later = [runs.join(), runs.join(), runs.join()];
    await turn();
    expect(ends).toHaveLength(1);
    ends[0]!.resolve();
    await first;
    await turn();
    expect(ends).toHaveLength(2);
    ends[1]!.resolve();
    await Promise.all(later);
    await turn();
    expect(ends).toHaveLength(2);
  });

  it('rejects for the callers of a failed run, and runs again for the others', async () => {
    const { runs, ends } = countedRuns();
    const first = runs.join();
    const second = runs.join();
    ends[0]!.reject(new Error('disk'));
    await expect(first).rejects.toThrow('disk');
    await turn();
    ends[1]!.resolve();
    await second;
    const third = runs.join();
    await turn();
    ends[2]!.resolve();
    await third;
  });

  it('with fail-the-next also rejects for the calls during a failed run', async () => {
    const { runs, ends } = countedRuns('fail the next');
    const asked = [runs.join(), runs.join(), runs.join()].map((each) =>
      expect(each).rejects.toThrow('disk'),
    );
    ends[0]!.reject(new Error('disk'));
    await Promise.all(asked);
    expect(ends).toHaveLength(1);
    const later = runs.join();
    ends[1]!.resolve();
    await later;
  });
});

/** Byte semaphore: memory for whole frames, granted in order and released once. */
import { describe, expect, it } from 'vitest';
import { ByteSemaphore } from '../../../receiver/limits/byte-semaphore.js';

/** Requests memory; `isGranted` is true once it is granted. */
function take(budget: ByteSemaphore, byteCount: number) {
  const asked = { isGranted: false, release: (): void => undefined };
  void budget.take(byteCount).then((release) => Object.assign(asked, { isGranted: true, release }));
  return asked;
}
const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('a byte semaphore', () => {
  it('gives what there is, and lets others wait their turn', async () => {
    const budget = new ByteSemaphore(10);
    const asked = [6, 4, 8, 1].map((byteCount) => take(budget, byteCount));
    const granted = () => asked.map(({ isGranted }) => isGranted);
    await settle();
    expect(granted()).toEqual([true, true, false, false]);
    expect(budget.isShort).toBe(true);
    asked[1]?.release();
    await settle();
    // The last would fit, but must not pass the one before it for ever.
    expect(granted()).toEqual([true, true, false, false]);
    asked[0]?.release();
    await settle();
    expect(granted()).toEqual([true, true, true, true]);
    expect(budget.isShort).toBe(false);
  });

  it('gives more than all when nothing else is held', async () => {
    const budget = new ByteSemaphore(10);
    const [first, large] = [take(budget, 1), take(budget, 100)];
    await settle();
    expect(large.isGranted).toBe(false);
    first.release();
    await settle();
    expect(large.isGranted).toBe(true);
  });

  it('takes back once what is given back twice', async () => {
    const budget = new ByteSemaphore(10);
    const [first, second] = [take(budget, 5), take(budget, 5)];
    await settle();
    first.release();
    first.release();
    take(budget, 5);
    const last = take(budget, 5);
    await settle();
    expect(last.isGranted).toBe(false);
    second.release();
    await settle();
    expect(last.isGranted).toBe(true);
  });
});

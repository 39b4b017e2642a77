/** The days of a camera, asked for in stretches that the server answers, however many years they go back. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { CameraAnswer } from '../../../../receiver/web/api-types.js';
import { EventData } from '../../../../receiver/web/page/event-data.js';
import * as state from '../../../../receiver/web/page/state.js';

interface Stretch {
  readonly from: string;
  readonly to: string;
}

/** Answers with one day for each question, its last. */
function serve(): Stretch[] {
  const asked: Stretch[] = [];
  vi.stubGlobal('fetch', (address: string) => {
    const { searchParams } = new URL(address, 'http://localhost/');
    const [from, to] = [searchParams.get('from') ?? '', searchParams.get('to') ?? ''];
    asked.push({ from, to });
    return Promise.resolve(Response.json({ camera: 'yard', days: [{ day: to }] }));
  });
  return asked;
}

const lengthOf = ({ from, to }: Stretch): number =>
  (Date.parse(to) - Date.parse(from)) / 86_400_000 + 1;

describe('the days of a camera', () => {
  afterEach(() => {
    vi.unstubAllGlobals();
    state.cameras.value = undefined;
  });

  it.each([
    ['of this year', 100, 1],
    ['of three years', 1000, 3],
  ])('are all of them: %s', async (_, ageDays, questions) => {
    const firstDay = new Date(Date.now() - ageDays * 86_400_000).toISOString().slice(0, 10);
    const lastDay = new Date().toISOString().slice(0, 10);
    state.cameras.value = [{ camera: 'yard', firstDay, lastDay } as CameraAnswer];
    const asked = serve();
    const data = new EventData();
    const days = await data.days('yard');
    expect(asked).toHaveLength(questions);
    expect(asked.map(lengthOf)).toEqual(asked.map(() => 400));
    expect((asked.at(-1)?.from ?? '') <= firstDay).toBe(true);
    expect((asked[0]?.to ?? '') > lastDay).toBe(true);
    expect(days.map(({ day }) => day)).toEqual(asked.map(({ to }) => to).reverse());
    await data.days('yard');
    expect(asked).toHaveLength(questions);
  });

  it('are asked for no longer than for eleven years, whatever a wrong clock has made', async () => {
    state.cameras.value = [{ camera: 'yard', firstDay: '1970-01-01' } as CameraAnswer];
    const asked = serve();
    await new EventData().days('yard');
    expect(asked).toHaveLength(10);
  });
});

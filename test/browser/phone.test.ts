/** The page on a phone: it fits, swipes go between events, two fingers zoom the picture and the time line. */
import type { CDPSession, Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import {
  expectClean,
  openPage,
  phone,
  takeScreenshot,
  useBrowser,
  whyNoBrowser,
} from './browser.js';
import { expectTime, startViewer, untilDrawn, useStore, yesterday } from './viewer.js';

const at = (time: string): string => `#camera=yard&at=${yesterday}T${time}Z`;

type Point = readonly [x: number, y: number];

/** Moves fingers from places to places, as a touch screen does. */
async function moveFingers(
  page: Page,
  from: readonly Point[],
  to: readonly Point[],
): Promise<void> {
  const session: CDPSession = await page.context().newCDPSession(page);
  const steps = 8;
  const pointsAt = (step: number) =>
    from.map(([x, y], id) => {
      const [toX, toY] = to[id] ?? [x, y];
      const share = step / steps;
      return { x: x + (toX - x) * share, y: y + (toY - y) * share, id };
    });
  const send = (type: 'touchStart' | 'touchMove' | 'touchEnd', touchPoints: object[]) =>
    session.send('Input.dispatchTouchEvent', { type, touchPoints: touchPoints as never });
  await send('touchStart', pointsAt(0));
  for (let step = 1; step <= steps; step += 1) await send('touchMove', pointsAt(step));
  await send('touchEnd', []);
  await session.detach();
}

describe.skipIf(whyNoBrowser !== undefined)('the page on a phone', () => {
  useBrowser();
  const store = useStore([{ camera: 'yard' }]);

  it('fits, in the dark and in the light', async () => {
    const { address } = await startViewer(store());
    for (const colorScheme of ['dark', 'light'] as const) {
      const open = await openPage(`${address}${at('14:48:04.000')}`, { ...phone, colorScheme });
      const { page } = open;
      await untilDrawn(page);
      await page.locator('.event[aria-current] canvas:not(.blank)').waitFor();
      await takeScreenshot(page, `phone-${colorScheme}`);
      const size = '[document.documentElement.scrollWidth, document.documentElement.scrollHeight]';
      expect(await page.evaluate(size)).toEqual([390, 844]);
      // Nothing is cut off at the right.
      const right =
        "Math.max(...[...document.querySelectorAll('.top button, .controls button')].map((each) => each.getBoundingClientRect().right))";
      expect(await page.evaluate<number>(right)).toBeLessThanOrEqual(390);
      await page.keyboard.press('c');
      await page.locator('.day:not(:disabled)').first().waitFor();
      await takeScreenshot(page, `phone-calendar-${colorScheme}`);
      expectClean(open);
    }
  });

  it('plays as fast as is wished', async () => {
    const { address } = await startViewer(store());
    const open = await openPage(`${address}${at('14:48:04.000')}`, phone);
    const { page } = open;
    await untilDrawn(page);
    const speed = page.getByLabel('Speed');
    const before = await speed.innerText();
    await page.getByRole('button', { name: 'Faster' }).tap();
    await expect.poll(() => speed.innerText()).not.toBe(before);
    for (let press = 0; press < 8; press += 1) {
      await page.getByRole('button', { name: 'Faster' }).tap();
    }
    await speed.getByText('a day a minute').waitFor();
    await takeScreenshot(page, 'phone-speed');
    const overlap = `(() => {
      const [time, speed] = ['.moment time', '.speed'].map((each) =>
        document.querySelector(each).getBoundingClientRect());
      return time.left + document.querySelector('.moment time').scrollWidth > speed.left && time.width < 200;
    })()`;
    expect(await page.evaluate<boolean>(overlap)).toBe(false);
    expectClean(open);
  });

  it('goes between events by swipes over the picture', async () => {
    const { address } = await startViewer(store());
    const open = await openPage(`${address}${at('14:48:04.000')}`, phone);
    const { page } = open;
    await untilDrawn(page);
    await moveFingers(page, [[300, 250]], [[120, 255]]);
    await expectTime(page, /^15:36:/);
    await moveFingers(page, [[120, 250]], [[300, 255]]);
    await expectTime(page, /^14:48:/);
    expectClean(open);
  });

  it('zooms the picture by two fingers; then a finger moves it, and is no swipe', async () => {
    const { address } = await startViewer(store());
    const open = await openPage(`${address}${at('14:48:04.000')}`, phone);
    const { page } = open;
    await untilDrawn(page);
    await moveFingers(
      page,
      [
        [180, 250],
        [210, 250],
      ],
      [
        [80, 250],
        [310, 250],
      ],
    );
    await page.locator('.picture.zoomed').waitFor();
    await expectTime(page, /^14:48:04\.000/);
    await moveFingers(page, [[300, 250]], [[120, 255]]);
    await takeScreenshot(page, 'phone-zoomed');
    await expectTime(page, /^14:48:04\.000/);
    expectClean(open);
  });

  it('zooms the time line by two fingers, and scrubs by one', async () => {
    const { address } = await startViewer(store());
    const open = await openPage(`${address}${at('14:48:04.000')}`, phone);
    const { page } = open;
    await untilDrawn(page);
    const box = await page.locator('.slider canvas').boundingBox();
    const y = (box?.y ?? 0) + 25;
    await moveFingers(
      page,
      [
        [190, y],
        [230, y],
      ],
      [
        [40, y],
        [360, y],
      ],
    );
    const span = (): number => Number(/span=(\d+)/.exec(page.url())?.[1] ?? 86_400);
    await expect.poll(span).toBeLessThan(86_400 / 4);
    await takeScreenshot(page, 'phone-time-line-zoomed');
    const url = page.url();
    await moveFingers(page, [[100, y]], [[200, y]]);
    await expect.poll(() => page.url()).not.toBe(url);
    expectClean(open);
  });
});

/** The page on a desktop, on a made-up yesterday: the picture, the time line, the events, the keys. */
import { readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { expectClean, openPage, takeScreenshot, useBrowser, whyNoBrowser } from './browser.js';
import {
  drawnFrame,
  expectTime,
  isPainted,
  placeOn,
  shownTime,
  spoken,
  startViewer,
  untilDrawn,
  useStore,
  yesterday,
} from './viewer.js';

const at = (time: string): string => `#camera=yard&at=${yesterday}T${time}Z`;

describe.skipIf(whyNoBrowser !== undefined)('the page on a desktop', () => {
  useBrowser();
  const store = useStore([{ camera: 'yard' }]);

  it('opens at the newest picture, which looks old when the camera is silent', async () => {
    const { address } = await startViewer(store());
    const open = await openPage(address);
    await untilDrawn(open.page);
    expect(await isPainted(open.page, '.picture')).toBe(true);
    await expectTime(open.page, /^23:24:/);
    await open.page
      .locator('.badge.old')
      .getByText(/silent since/)
      .waitFor();
    expect(
      await open.page.evaluate("getComputedStyle(document.querySelector('.picture')).filter"),
    ).toContain('grayscale');
    await takeScreenshot(open.page, 'desktop-silent');
    expectClean(open);
  });

  it('walks by frames, events and days', async () => {
    const { address } = await startViewer(store());
    const open = await openPage(`${address}${at('15:00:00.000')}`);
    const { page } = open;
    await untilDrawn(page);
    await page.keyboard.press('Shift+ArrowLeft');
    await expectTime(page, /^14:48:0/);
    await takeScreenshot(page, 'desktop-event');
    const time = await shownTime(page);
    await page.keyboard.press('ArrowRight');
    await expect.poll(() => shownTime(page)).not.toBe(time);
    await page.keyboard.press('ArrowLeft');
    await expect.poll(() => shownTime(page)).toBe(time);
    await page.keyboard.press('Shift+ArrowRight');
    await expectTime(page, /^15:36:/);
    const day = page.locator('.days .long');
    const name = await day.innerText();
    await page.keyboard.press('Shift+D');
    await expect.poll(() => day.innerText()).not.toBe(name);
    await page.keyboard.press('d');
    await expectTime(page, /^15:36:/);
    await page.keyboard.press('n');
    await expectTime(page, /^23:24:/);
    expectClean(open);
  });

  it('says why a frame was kept, shows where, and keeps its zoom from frame to frame', async () => {
    const { address } = await startViewer(store());
    const open = await openPage(`${address}${at('14:48:04.000')}`);
    const { page } = open;
    await untilDrawn(page);
    await page.getByText(/changed, strength [\d.]+, [\d.]+ % of the picture/).waitFor();
    const pixels = () => page.evaluate<string>("document.querySelector('.picture').toDataURL()");
    const before = await pixels();
    await page.keyboard.press('b');
    await expect.poll(pixels).not.toBe(before);
    await expect.poll(() => page.url()).toContain('boxes=1');
    await page.keyboard.press('b');
    await expect.poll(pixels).toBe(before);
    await page.locator('.picture').dblclick();
    await page.locator('.picture.zoomed').waitFor();
    await page.keyboard.press('ArrowRight');
    await expectTime(page, /^14:48:04\.500/);
    await page.locator('.picture.zoomed').waitFor();
    await takeScreenshot(page, 'desktop-zoomed');
    await page.keyboard.press('0');
    await expect.poll(() => page.locator('.picture.zoomed').count()).toBe(0);
    expectClean(open);
  });

  it('draws pictures on the way while a key is held, also from a slow server', async () => {
    const { address } = await startViewer(store());
    const { page } = await openPage(`${address}${at('00:24:00.000')}`);
    await untilDrawn(page);
    await page.route('**/frame/**', async (route) => {
      await new Promise((resolve) => setTimeout(resolve, 1200));
      // The page may have aborted it.
      await route.continue().catch(() => undefined);
    });
    const drawn = new Set<string | null>();
    for (let press = 0; press < 140; press += 1) {
      await page.keyboard.down('ArrowRight');
      await page.waitForTimeout(30);
      // The first ones were asked for in advance.
      if (press > 20) drawn.add(await drawnFrame(page));
    }
    await page.keyboard.up('ArrowRight');
    expect(drawn.size).toBeGreaterThan(2);
  });

  it('zooms the time line about the pointer, and its address leads back', async () => {
    const { address } = await startViewer(store());
    const open = await openPage(`${address}${at('14:48:04.000')}`);
    const { page } = open;
    await untilDrawn(page);
    const { x, y } = await placeOn(page, (13 + 1 / 60) / 24);
    await page.mouse.move(x, y);
    await page.mouse.wheel(0, -1500);
    await expect.poll(() => page.url()).toContain('span=');
    // 13:01 is still under the pointer: the camera was gone then.
    await page
      .locator('.preview')
      .getByText(/^13:0[01]:/)
      .waitFor();
    await takeScreenshot(page, 'desktop-gap-zoomed');
    await page.mouse.click(x, y);
    await page
      .locator('.badge.gap')
      .getByText(/not watched/)
      .waitFor();
    await expect.poll(() => page.url()).toContain('T13:0');
    const url = page.url();
    await page.reload();
    await expectTime(page, /^13:0/);
    await expect.poll(() => page.url()).toBe(url);
    await page.keyboard.press('Shift+ArrowRight');
    await expectTime(page, /^14:48/);
    await expect.poll(() => page.url()).toContain('T14:48');
    await page.goBack();
    await expectTime(page, /^13:0/);
    await page.goForward();
    await expectTime(page, /^14:48/);
    expectClean(open);
  });

  it('tells a camera that was gone from a link that was cut', async () => {
    const { address } = await startViewer(store());
    const open = await openPage(`${address}${at('13:01:00.000')}&span=1800`);
    const { page } = open;
    await page
      .locator('.badge.gap')
      .getByText(/not watched: the camera does not deliver/)
      .waitFor();
    expect(await spoken(page)).toMatch(/^13:01:00, not watched/);
    await takeScreenshot(page, 'desktop-not-watched');
    await page.goto(`${address}${at('16:32:00.000')}&span=1800`);
    await page
      .locator('.badge.gap')
      .getByText(/unknown: no report/)
      .waitFor();
    await expect.poll(() => spoken(page)).toMatch(/^16:32:00, unknown/);
    await takeScreenshot(page, 'desktop-unknown');
    expectClean(open);
  });

  it('scrubs through film strips, and draws the full picture where the pointer rests', async () => {
    const { address } = await startViewer(store());
    const open = await openPage(`${address}${at('06:00:00.000')}`);
    const { page, requests } = open;
    await untilDrawn(page);
    const [start, end] = [await placeOn(page, 7.35 / 24), await placeOn(page, 8.02 / 24)];
    await page.mouse.move(start.x, start.y);
    await page.locator('.preview canvas:not([hidden])').waitFor();
    await takeScreenshot(page, 'desktop-preview');
    await page.mouse.down();
    await page.mouse.move(end.x, end.y, { steps: 20 });
    await expect
      .poll(() => requests.filter((each) => each.includes('/strip?')).length)
      .toBeGreaterThan(0);
    await page.mouse.up();
    await untilDrawn(page);
    await expectTime(page, /^0[78]:/);
    expectClean(open);
  });

  it('plays, faster and slower, a day in a minute at most', async () => {
    const { address } = await startViewer(store());
    const open = await openPage(`${address}${at('06:00:00.000')}`);
    const { page } = open;
    await untilDrawn(page);
    for (let press = 0; press < 12; press += 1) await page.keyboard.press('+');
    await page.getByText('a day a minute').waitFor();
    await page.keyboard.press(' ');
    await expectTime(page, /^(0[7-9]|1\d|2\d):/);
    await page.keyboard.press(' ');
    const time = await shownTime(page);
    await page.keyboard.press('-');
    await page.getByText('×1,000').waitFor();
    expect(await shownTime(page)).toBe(time);
    expectClean(open);
  });

  it('goes to a moment, to a day of the calendar, and lists the keys', async () => {
    const { address } = await startViewer(store());
    const open = await openPage(address);
    const { page } = open;
    await untilDrawn(page);
    await page.keyboard.press('g');
    await takeScreenshot(page, 'desktop-go');
    await page.getByLabel('Time', { exact: true }).fill('03:12:03');
    await page.keyboard.press('Enter');
    await expectTime(page, /^03:12:03/);
    await page.keyboard.press('?');
    await page.getByText('play, pause').waitFor();
    await takeScreenshot(page, 'desktop-keys');
    await page.keyboard.press('Escape');
    await expect.poll(() => page.locator('dialog').count()).toBe(0);
    await page.keyboard.press('c');
    await page.locator('.day:not(:disabled)').first().waitFor();
    await takeScreenshot(page, 'desktop-calendar');
    await page.locator('.day[aria-current]').click();
    await expectTime(page, /^00:24:/);
    expectClean(open);
  });

  it('saves the picture as a file', async () => {
    const { address } = await startViewer(store());
    const { page } = await openPage(`${address}${at('14:48:04.000')}`);
    await untilDrawn(page);
    const [download] = await Promise.all([page.waitForEvent('download'), page.keyboard.press('s')]);
    expect(download.suggestedFilename()).toMatch(/^yard_\d{4}_\d\d_\d\d_14_48_04_000.*\.jpg$/);
    const bytes = readFileSync(await download.path());
    expect(bytes.subarray(0, 3)).toEqual(Buffer.from([0xff, 0xd8, 0xff]));
  });

  it('shows the reader’s own times on demand', async () => {
    const { address } = await startViewer(store());
    const options = { viewport: { width: 1280, height: 800 }, timezoneId: 'Asia/Kolkata' };
    const open = await openPage(`${address}${at('14:48:04.000')}`, options);
    const { page } = open;
    await expectTime(page, /^14:48:04/);
    await page.keyboard.press('z');
    await expectTime(page, /^20:18:04/);
    await page.getByText('your time, UTC+5:30').waitFor();
    await expect.poll(() => page.url()).toContain('zone=reader');
    expectClean(open);
  });

  it('has no tall scroll box, and few elements', async () => {
    const { address } = await startViewer(store());
    const { page } = await openPage(`${address}${at('14:48:04.000')}`);
    await untilDrawn(page);
    const tallest =
      "Math.max(...[...document.querySelectorAll('*')].map((each) => each.scrollHeight))";
    expect(await page.evaluate<number>(tallest)).toBeLessThanOrEqual(800);
    expect(await page.locator('img, canvas').count()).toBeLessThanOrEqual(60);
  });

  it('says that a picture is deleted', async () => {
    const { address } = await startViewer(store());
    const folder = join(store(), 'yard', yesterday.replaceAll('-', '_'));
    const name = readdirSync(folder).find((each) => each.includes('_21_06_03_000')) ?? '';
    rmSync(join(folder, name));
    const { page } = await openPage(`${address}${at('21:06:03.000')}`);
    await page.getByText('This picture is deleted').waitFor();
    await takeScreenshot(page, 'desktop-deleted');
    // The next one is drawn again.
    await page.keyboard.press('ArrowRight');
    await untilDrawn(page);
    expect(await drawnFrame(page)).not.toBe('');
    await expect.poll(() => page.getByText('This picture is deleted').count()).toBe(0);
  });
});

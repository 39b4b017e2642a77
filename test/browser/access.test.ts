/** The page without a mouse, for a screen reader, and for eyes that need contrast. */
import { describe, expect, it } from 'vitest';
import { seriousFindings } from './axe.js';
import {
  desktop,
  expectClean,
  openPage,
  phone,
  takeScreenshot,
  useBrowser,
  whyNoBrowser,
} from './browser.js';
import { expectTime, spoken, startViewer, untilDrawn, useStore, yesterday } from './viewer.js';

const at = (time: string): string => `#camera=yard&at=${yesterday}T${time}Z`;

describe.skipIf(whyNoBrowser !== undefined)('the page for all readers', () => {
  useBrowser();
  const store = useStore([{ camera: 'yard' }, { camera: 'gate' }]);

  it.each([
    ['desktop, dark', { ...desktop, colorScheme: 'dark' as const }],
    ['desktop, light', { ...desktop, colorScheme: 'light' as const }],
    ['phone, dark', { ...phone, colorScheme: 'dark' as const }],
    ['phone, light', { ...phone, colorScheme: 'light' as const }],
  ])('has no serious finding of axe: %s', async (name, options) => {
    const { address } = await startViewer(store());
    const { page } = await openPage(`${address}${at('14:48:04.000')}`, options);
    await untilDrawn(page);
    await page.locator('.event[aria-current]').waitFor();
    expect(await seriousFindings(page)).toEqual([]);
    await takeScreenshot(page, `axe-${name.replace(', ', '-')}`);
    for (const key of ['?', 'c', 'g']) {
      await page.keyboard.press(key);
      await page.locator('dialog[open]').waitFor();
      if (key === 'c') await page.locator('.day:not(:disabled)').first().waitFor();
      expect(await seriousFindings(page)).toEqual([]);
      await page.keyboard.press('Escape');
      await expect.poll(() => page.locator('dialog').count()).toBe(0);
    }
    await page.keyboard.press('a');
    await page.locator('.cell').first().waitFor();
    expect(await seriousFindings(page)).toEqual([]);
  });

  it('is used by the keyboard alone', async () => {
    const { address } = await startViewer(store());
    const open = await openPage(`${address}${at('14:48:04.000')}`);
    const { page } = open;
    await untilDrawn(page);
    const names: string[] = [];
    const focused =
      "(document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.title ?? '')";
    for (let press = 0; press < 22; press += 1) {
      await page.keyboard.press('Tab');
      names.push(await page.evaluate<string>(focused));
    }
    const text = names.join('; ');
    for (const name of [
      'Choose a camera',
      'Newest frame',
      'Previous event',
      'Play',
      'Keep',
      'Moment',
    ]) {
      expect(text).toContain(name);
    }
    expect(text).toMatch(/ frames, event, \w{3} \d/);
    // The camera is chosen without a mouse, and the menu closes behind it.
    await page.getByTitle('Choose a camera').focus();
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: /gate/ }).focus();
    await page.keyboard.press('Enter');
    await expect.poll(() => page.url()).toContain('camera=gate');
    await expect.poll(() => page.locator('.menu').count()).toBe(0);
    expectClean(open);
  });

  it('says in words what the time line shows', async () => {
    const { address } = await startViewer(store());
    const open = await openPage(`${address}${at('14:48:04.000')}`);
    const { page } = open;
    await untilDrawn(page);
    await expect.poll(() => spoken(page)).toMatch(/^14:48:04, change, \w{3} \d+ \w+ \d{4}$/);
    await page.getByRole('img', { name: /Picture of yard, .* 14:48:04: changed/ }).waitFor();
    await page.keyboard.press('Shift+ArrowRight');
    await expectTime(page, /^15:36/);
    await expect.poll(() => spoken(page)).toMatch(/^15:36:0\d, change/);
    expectClean(open);
  });
});

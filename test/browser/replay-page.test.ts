/** The page of `agent replay --html` in Chromium, opened as a file: what it shows, by pointer, keys and on a phone. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PNG } from 'pngjs';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { root } from '../support/programs.js';
import { temporaryDirectory } from '../support/temporary.js';
import { seriousFindings } from './axe.js';
import {
  type OpenPage,
  desktop,
  openPage,
  phone,
  takeScreenshot,
  useBrowser,
  whyNoBrowser,
} from './browser.js';

/** @returns the address of the page of a replay of the visit, one frame a second */
function replayVisit(...flags: readonly string[]): string {
  const path = join(temporaryDirectory(), 'page.html');
  const { status, stderr } = spawnSync(
    process.execPath,
    [
      ...[`${root}dist/agent.js`, 'replay', `${root}test/fixtures/visit`, '--fps', '1'],
      ...['--html', path, ...flags],
    ],
    { encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(stderr);
  return `file://${path}`;
}

/** White on the left half. */
function leftMask(): string {
  const png = new PNG({ width: 96, height: 54 });
  png.data.fill(255);
  for (let i = 0; i < 96 * 54; i++) if (i % 96 >= 48) png.data.fill(0, 4 * i, 4 * i + 3);
  const path = join(temporaryDirectory(), 'mask.png');
  writeFileSync(path, PNG.sync.write(png));
  return path;
}

const openVisit = (address: string, options = {}): Promise<OpenPage> =>
  openPage(address, { ...desktop, ...options });
const panelOf = (page: Page): Promise<string> => page.locator('.panel').innerText();

/** No error, and nothing asked for but the file itself and pictures that are in it. */
function expectAlone({ errors, requests }: OpenPage): void {
  expect(errors).toEqual([]);
  const others = requests.filter((each) => !each.startsWith('data:image/jpeg;base64,'));
  expect(others.filter((each) => !each.startsWith('file://'))).toEqual([]);
  expect(others).toHaveLength(1);
}

/** The colour in the middle of the picture's cell at shares of its width and height. */
const colourAt = (page: Page, x: number, y: number): Promise<number[]> =>
  page.evaluate<number[]>(`{
    const canvas = document.querySelector('.stage canvas');
    const [x, y] = [${x} * canvas.width, ${y} * canvas.height].map(Math.floor);
    [...canvas.getContext('2d').getImageData(x, y, 1, 1).data];
  }`);

describe.skipIf(whyNoBrowser !== undefined)('the page of a replay', () => {
  useBrowser();

  it('begins with the first change, and says why it is sent', async () => {
    const open = await openVisit(replayVisit());
    const { page } = open;
    await page.locator('.row img').first().waitFor();
    const text = await panelOf(page);
    expect(text).toContain('Frame 7 of 22');
    expect(text).toContain('f00233.jpg');
    expect(text).toMatch(/Change: a region of 11\s% of the watched area \(needed: 0\.21\s%\)/);
    expect(text).toContain('It is sent: it has a change.');
    expect(text).toContain('event 1 of 1');
    // The person is tinted red.
    const [red = 0, green = 0, blue = 0] = await colourAt(page, 0.45, 0.8);
    expect(red).toBeGreaterThan(green + 40);
    expect(red).toBeGreaterThan(blue + 40);
    await takeScreenshot(page, 'replay-dark');
    expectAlone(open);
  });

  it('is used by keys: frames, changes, the ends', async () => {
    const open = await openVisit(replayVisit());
    const { page } = open;
    const press = async (key: string, expected: string) => {
      await page.keyboard.press(key);
      expect(await panelOf(page)).toContain(expected);
    };
    await press('ArrowLeft', 'Frame 6 of 22');
    expect(await panelOf(page)).toContain('an event begins soon after it (--before)');
    await press('ArrowLeft', 'It is not sent: it has no change, and no event needs it.');
    await press('n', 'Frame 7 of 22');
    await press('End', 'Frame 22 of 22');
    await press('Home', 'First frame: there is nothing to compare it with.');
    await press('ArrowLeft', 'Frame 1 of 22');
    // The slider says the same to a screen reader.
    const slider = page.getByRole('slider', { name: 'Frame' });
    await slider.focus();
    await page.keyboard.press('PageUp');
    expect(await slider.getAttribute('aria-valuetext')).toMatch(/^frame 22 of 22, 0:00:21\.0/);
    await page.getByRole('button', { name: 'Change before (p)' }).focus();
    await page.keyboard.press('Enter');
    expect(await panelOf(page)).toContain('Frame 7 of 22');
    expectAlone(open);
  });

  it('goes to a frame by its place on the time line, and by its picture', async () => {
    const open = await openVisit(replayVisit());
    const { page } = open;
    const box = (await page.locator('.slider').boundingBox())!;
    await page.mouse.click(box.x + box.width * (2.5 / 22), box.y + 50);
    expect(await panelOf(page)).toContain('Frame 3 of 22');
    await page.getByLabel('near misses').check();
    await page.getByLabel('changes', { exact: true }).check();
    expect(await page.locator('.row li:visible').count()).toBe(11);
    await page.locator('.row li:visible button').nth(3).click();
    expect(await panelOf(page)).toContain('Frame 10 of 22');
    expect(await page.locator('.row [aria-current]').count()).toBe(1);
    expectAlone(open);
  });

  it('shows what a mask and a flag do', async () => {
    const address = replayVisit('--mask', leftMask(), '--min-area', '40%');
    const all = await openVisit(`${address}#1.7`);
    const { page } = all;
    expect(await page.locator('.flag.set').allInnerTexts()).toEqual([
      expect.stringMatching(/^--mask .*mask\.png$/),
      '--fps 1',
      '--min-area 40%',
    ]);
    expect(await page.locator('.sums').innerText()).toContain('0 changed, in 0 events');
    const text = await panelOf(page);
    expect(text).toContain('Too small');
    expect(text).toMatch(/taken alone: it is a change with --min-area \d+% or less/);
    // The excluded half is dark.
    const [left = 0] = await colourAt(page, 0.2, 0.3);
    const [right = 0] = await colourAt(page, 0.9, 0.3);
    expect(right).toBeLessThan(0.85 * left);
    await takeScreenshot(page, 'replay-mask');
    expectAlone(all);
  });

  it.each([
    ['desktop-light', { ...desktop, colorScheme: 'light' as const }],
    ['phone-dark', { ...phone, colorScheme: 'dark' as const }],
    ['phone-light', { ...phone, colorScheme: 'light' as const }],
  ])('fits, and has no serious finding of axe: %s', async (name, options) => {
    const open = await openPage(replayVisit(), options);
    const { page } = open;
    await page.locator('.row img').first().waitFor();
    await takeScreenshot(page, `replay-${name}`);
    await page.getByText('How to read this page').click();
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(
      options.viewport?.width,
    );
    expect(await seriousFindings(page)).toEqual([]);
    expectAlone(open);
  });

  it('runs no script of a file’s name, and shows it as it is', async () => {
    const folder = temporaryDirectory();
    const name = '<img src=x onerror=alert(1)></script><script>document.title="bad"</script>.jpg';
    const path = join(folder, 'page.html');
    const copied = spawnSync('cp', [
      `${root}test/fixtures/visit/f00205.jpg`,
      join(folder, name.replaceAll('/', '∕')),
    ]);
    expect(copied.status).toBe(0);
    spawnSync(process.execPath, [`${root}dist/agent.js`, 'replay', folder, '--html', path]);
    const open = await openVisit(`file://${path}`);
    const { page } = open;
    expect(await page.title()).toBe('picchanged: what the detector saw');
    expect(await panelOf(page)).toContain('<img src=x onerror=alert(1)>');
    expectAlone(open);
  });
});

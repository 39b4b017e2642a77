/** Chromium, started once, and pages in it that note what a test must not see: errors, and requests to other places. */
import { existsSync, mkdirSync } from 'node:fs';
import { type Browser, type BrowserContextOptions, type Page, chromium } from 'playwright-core';
import { afterAll, beforeAll, expect } from 'vitest';
import { root } from '../support/programs.js';

const executablePath = '/usr/bin/chromium';
export const whyNoBrowser = existsSync(executablePath)
  ? undefined
  : 'chromium is missing: apt-get install chromium';
if (whyNoBrowser !== undefined) {
  console.log(`The tests of the viewer's page are skipped: ${whyNoBrowser}`);
}

export const desktop: BrowserContextOptions = { viewport: { width: 1280, height: 800 } };
export const phone: BrowserContextOptions = {
  ...{ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true },
};

let browser: Browser | undefined;

/** In a file of tests: one Chromium for all of them. */
export function useBrowser(): void {
  beforeAll(async () => {
    // Tests run as root in containers, where Chromium has no sandbox; the page is ours.
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  });
  afterAll(async () => {
    await browser?.close();
    browser = undefined;
  });
}

export interface OpenPage {
  readonly page: Page;
  /** Errors of the page and its console: a test ends with none. */
  readonly errors: string[];
  /** Addresses that were asked for. */
  readonly requests: string[];
}

/** A page of its own cookies, in the dark and in UTC unless the options say otherwise. */
export async function openPage(
  address: string,
  options: BrowserContextOptions = desktop,
): Promise<OpenPage> {
  if (browser === undefined) throw new Error('call useBrowser first');
  const defaults = { colorScheme: 'dark', timezoneId: 'UTC', locale: 'en-GB' } as const;
  const context = await browser.newContext({ ...defaults, ...options });
  const page = await context.newPage();
  const [errors, requests]: [string[], string[]] = [[], []];
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (line) => {
    if (line.type() === 'error') errors.push(line.text());
  });
  page.on('request', (request) => requests.push(request.url()));
  await page.goto(address);
  return { page, errors, requests };
}

/** No error, and no request to another place than that of the page. */
export function expectClean({ page, errors, requests }: OpenPage): void {
  expect(errors).toEqual([]);
  const { origin } = new URL(page.url());
  expect(requests.filter((each) => !each.startsWith(origin) && !each.startsWith('blob:'))).toEqual(
    [],
  );
}

/** Writes what the page shows into test/browser/screenshots/. */
export async function takeScreenshot(page: Page, name: string): Promise<void> {
  const folder = `${root}test/browser/screenshots`;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: `${folder}/${name}.png` });
}

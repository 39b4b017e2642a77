/** Uses the viewer's page in Chromium as a person does, and measures what each step takes. */
import type { Browser, CDPSession, Page } from 'playwright-core';

export interface Step {
  readonly ms: number;
  readonly requests: number;
  readonly bytes: number;
}

/** What was seen of a held arrow key. */
export interface Held extends Step {
  readonly frames: number;
  /** Between a key press and the picture of its frame. */
  readonly latestMs: number;
  /** Of the page's objects after the collection of garbage, ÷ those before. */
  readonly heapMb: number;
  /** After a thousand frames more. */
  readonly heapRatio: number;
}

export interface PageRun {
  readonly firstPaint: Step;
  readonly timeline: Step;
  readonly picture: Step;
  readonly jump: Step;
  readonly held: Held;
}

/** Runs in the page before its own scripts: notes each picture that is drawn, and each key press. */
const watcher = `
  globalThis.watch = { drawn: [], pressedAt: [], latestMs: 0, pictures: 0 };
  addEventListener('keydown', () => watch.pressedAt.push(performance.now()), true);
  new MutationObserver((changes) => {
    for (const { target } of changes) {
      const shown = target.dataset?.shown;
      if (!shown) continue;
      const now = performance.now();
      watch.pictures += 1;
      if (shown !== 'film') watch.drawn = [...watch.drawn.slice(-9), now];
      // What was pressed before is drawn now, or was passed.
      const [first] = watch.pressedAt;
      if (first !== undefined) watch.latestMs = Math.max(watch.latestMs, now - first);
      watch.pressedAt = watch.pressedAt.filter((at) => at > now);
    }
  }).observe(document, { subtree: true, attributes: true, attributeFilter: ['data-shown'] });
`;

class Traffic {
  requests = 0;
  bytes = 0;

  static async of(cdp: CDPSession): Promise<Traffic> {
    const traffic = new Traffic();
    await cdp.send('Network.enable');
    cdp.on('Network.requestWillBeSent', () => (traffic.requests += 1));
    cdp.on('Network.loadingFinished', ({ encodedDataLength }) => {
      traffic.bytes += encodedDataLength;
    });
    return traffic;
  }

  /** What was requested since the last call. */
  step(ms: number): Step {
    const { requests, bytes } = this;
    [this.requests, this.bytes] = [0, 0];
    return { ms, requests, bytes };
  }
}

/** Waits for a full frame that is drawn after a time of the page. @returns when */
async function frameAfter(page: Page, afterMs: number): Promise<number> {
  // The page's policy forbids the evaluation of texts inside of it: it is asked again and again from outside.
  for (let tries = 0; tries < 6000; tries += 1) {
    const found = await page.evaluate<number | false>(
      `watch.drawn.find((at) => at > ${afterMs}) ?? false`,
    );
    if (found !== false) return found;
    await page.waitForTimeout(10);
  }
  throw new Error('no picture is drawn within a minute');
}

/** When the last answer about the time line had arrived; the canvas is drawn at the next refresh of the screen. */
const timelineEnd = (page: Page): Promise<number> =>
  page.evaluate<number>(`Math.max(...performance.getEntriesByType('resource')
    .filter(({ name }) => name.includes('api/v1/timeline'))
    .map(({ responseEnd }) => responseEnd))`);

const now = (page: Page): Promise<number> => page.evaluate(() => performance.now());

/** @param startMs of the day */
export async function runPage(
  browser: Browser,
  address: string,
  startMs: number,
): Promise<PageRun> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  const cdp = await page.context().newCDPSession(page);
  const traffic = await Traffic.of(cdp);
  const moment = (ms: number): string => new Date(startMs + ms).toISOString();
  await page.addInitScript(watcher);
  await page.goto(`${address}#camera=yard&at=${moment(12 * 3_600_000)}`);
  const pictureMs = await frameAfter(page, 0);
  await page.waitForTimeout(3000);
  const timelineMs = await timelineEnd(page);
  const paintMs = await page.evaluate<number>(
    `performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0`,
  );
  const opened = traffic.step(0);
  const jumpAt = await now(page);
  const there = `#camera=yard&at=${moment(3 * 3_600_000)}`;
  await page.evaluate(`location.hash = ${JSON.stringify(there)}`);
  const jumpedMs = (await frameAfter(page, jumpAt)) - jumpAt;
  await page.waitForTimeout(2000);
  const jump = traffic.step(jumpedMs);
  const held = await holdArrow(page, cdp, traffic);
  await page.close();
  return {
    firstPaint: { ...opened, ms: paintMs },
    timeline: { ...opened, ms: timelineMs },
    picture: { ...opened, ms: pictureMs },
    jump,
    held,
  };
}

const [presses, everyMs] = [1000, 1000 / 30];

/** Each press of a held key is drawn, as a small picture or as the frame, before the next ones pile up. */
async function holdArrow(page: Page, cdp: CDPSession, traffic: Traffic): Promise<Held> {
  await cdp.send('HeapProfiler.enable');
  await page.evaluate('watch.pictures = 0; watch.latestMs = 0; watch.pressedAt = []');
  const ms = await pressArrow(page);
  await page.waitForTimeout(1000);
  const { latestMs, pictures } = await page.evaluate<{ latestMs: number; pictures: number }>(
    '({ latestMs: watch.latestMs, pictures: watch.pictures })',
  );
  const step = traffic.step(ms);
  const heap = await heapOf(cdp);
  await pressArrow(page);
  const heapRatio = (await heapOf(cdp)) / heap;
  return { ...step, frames: pictures, latestMs, heapMb: heap / 1e6, heapRatio };
}

/** @returns milliseconds that it took */
async function pressArrow(page: Page): Promise<number> {
  const start = performance.now();
  for (let press = 0; press < presses; press += 1) {
    await page.keyboard.down('ArrowRight');
    const waitMs = start + (press + 1) * everyMs - performance.now();
    if (waitMs > 0) await page.waitForTimeout(waitMs);
  }
  await page.keyboard.up('ArrowRight');
  return performance.now() - start;
}

async function heapOf(cdp: CDPSession): Promise<number> {
  await cdp.send('HeapProfiler.collectGarbage');
  const { usedSize } = await cdp.send('Runtime.getHeapUsage');
  return usedSize;
}

/** A plain directory index of the same day: how long until it is complete, and what it takes. */
export async function runIndex(browser: Browser, address: string): Promise<Step> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  const traffic = await Traffic.of(await page.context().newCDPSession(page));
  const start = performance.now();
  await page.goto(address, { waitUntil: 'load', timeout: 120_000 });
  await page.evaluate('new Promise(requestAnimationFrame)');
  const step = traffic.step(performance.now() - start);
  await page.close();
  return step;
}

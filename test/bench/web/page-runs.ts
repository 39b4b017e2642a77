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
  readonly heapRatio: number;
}

export interface PageRun {
  readonly firstPaint: Step;
  readonly timeline: Step;
  readonly picture: Step;
  readonly jump: Step;
  readonly held: Held;
}

/** Times of the page's marks, by the page's clock. */
const timesOf = (page: Page, name: string): Promise<number[]> =>
  page.evaluate((mark) => performance.getEntriesByName(mark).map((each) => each.startTime), name);

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

/** Waits for a mark that is later than a time of the page. @returns its time */
async function markAfter(page: Page, name: string, afterMs: number): Promise<number> {
  const found = await page.waitForFunction(
    ([mark, after]) => {
      const entries = performance.getEntriesByName(mark);
      return entries.find((each) => each.startTime > after)?.startTime ?? false;
    },
    [name, afterMs] as const,
    { polling: 10, timeout: 30_000 },
  );
  return Number(await found.jsonValue());
}

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
  await page.goto(`${address}#camera=yard&at=${moment(12 * 3_600_000)}`);
  const timelineMs = await markAfter(page, 'picchanged:timeline', 0);
  const pictureMs = await markAfter(page, 'picchanged:frame', 0);
  const [paintMs = 0] = await timesOf(page, 'first-contentful-paint');
  await page.waitForTimeout(2000);
  const opened = traffic.step(0);
  const jumpAt = await now(page);
  const there = `#camera=yard&at=${moment(3 * 3_600_000)}`;
  await page.evaluate(`location.hash = ${JSON.stringify(there)}`);
  const jumpedMs = (await markAfter(page, 'picchanged:frame', jumpAt)) - jumpAt;
  await page.waitForTimeout(1000);
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

/** Runs in the page: how long after a key press something is drawn. What was pressed before is drawn then, or was passed. */
const watchKeys = `
  performance.clearMarks();
  globalThis.watch = { latestMs: 0, pressedAt: [], drawn: 0 };
  addEventListener('keydown', () => watch.pressedAt.push(performance.now()), true);
  new PerformanceObserver((list) => {
    for (const { name, startTime } of list.getEntries()) {
      if (name !== 'picchanged:frame' && name !== 'picchanged:strip') continue;
      watch.drawn += 1;
      const [first] = watch.pressedAt;
      if (first !== undefined) watch.latestMs = Math.max(watch.latestMs, startTime - first);
      watch.pressedAt = watch.pressedAt.filter((at) => at > startTime);
    }
  }).observe({ type: 'mark' });
`;

/** Each press of a held key is drawn, as a small picture or as the frame, before the next ones pile up. */
async function holdArrow(page: Page, cdp: CDPSession, traffic: Traffic): Promise<Held> {
  await cdp.send('HeapProfiler.enable');
  const heapBefore = await heapOf(cdp);
  await page.evaluate(watchKeys);
  const start = performance.now();
  for (let press = 0; press < presses; press += 1) {
    await page.keyboard.down('ArrowRight');
    const waitMs = start + (press + 1) * everyMs - performance.now();
    if (waitMs > 0) await page.waitForTimeout(waitMs);
  }
  await page.keyboard.up('ArrowRight');
  const ms = performance.now() - start;
  await page.waitForTimeout(1000);
  const { latestMs, drawn } = await page.evaluate<{ latestMs: number; drawn: number }>('watch');
  const heapAfter = await heapOf(cdp);
  return { ...traffic.step(ms), frames: drawn, latestMs, heapRatio: heapAfter / heapBefore };
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

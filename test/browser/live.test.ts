/** The page beside a running receiver: live frames, a server that goes away, keeping, the way in, a sub-path. */
import { createServer, request as forward } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { freePort } from '../support/ports.js';
import { root, run, startAgent, startReceiverProgram } from '../support/programs.js';
import { temporaryDirectory } from '../support/temporary.js';
import { expectClean, openPage, takeScreenshot, useBrowser, whyNoBrowser } from './browser.js';
import {
  drawnFrame,
  expectTime,
  shownTime,
  startViewer,
  untilDrawn,
  useStore,
  yesterday,
} from './viewer.js';

const at = (time: string): string => `#camera=yard&at=${yesterday}T${time}Z`;

/** A receiver with its viewer, and an agent that watches the drawn scene. */
async function startScene() {
  const directory = temporaryDirectory();
  const web = await freePort();
  const receiver = await startReceiverProgram(directory, ['--web', `127.0.0.1:${web}`]);
  const agent = startAgent([
    ...['--host', receiver.address, '--source', 'scene', '--camera', 'yard', '--interval', '300ms'],
    ...['--state', temporaryDirectory(), '--report-every', '10s'],
  ]);
  return { directory, address: `http://127.0.0.1:${web}/`, agent };
}

describe.skipIf(whyNoBrowser !== undefined)('the page and its server', () => {
  useBrowser();
  const store = useStore([{ camera: 'yard' }, { camera: 'gate', utcOffsetMinutes: 60 }]);

  it('says what to type while there is nothing, and shows the first picture by itself', async () => {
    const { address, agent } = await startScene();
    agent.child.kill('SIGSTOP');
    const open = await openPage(address);
    await open.page.getByText('agent --host 127.0.0.1:4444', { exact: true }).waitFor();
    await takeScreenshot(open.page, 'desktop-nothing-yet');
    agent.child.kill('SIGCONT');
    await untilDrawn(open.page);
    expectClean(open);
  });

  it('moves along at the newest frame, and leaves alone who looks at the past', async () => {
    const { address } = await startScene();
    const open = await openPage(address);
    const { page } = open;
    await untilDrawn(page);
    const first = await drawnFrame(page);
    await expect.poll(() => drawnFrame(page), { timeout: 30_000 }).not.toBe(first);
    await takeScreenshot(page, 'desktop-live');
    await page.keyboard.press('ArrowLeft');
    await expect.poll(() => page.locator('.live').getAttribute('aria-pressed')).toBe('false');
    const time = await shownTime(page);
    await page
      .locator('.live.fresh')
      .getByText(/^\d+ new$/)
      .waitFor();
    expect(await shownTime(page)).toBe(time);
    await page.keyboard.press('n');
    await expect.poll(() => page.locator('.live').getAttribute('aria-pressed')).toBe('true');
    await expect.poll(() => shownTime(page)).not.toBe(time);
    expectClean(open);
  });

  it('says since when the server is away, and finds it again', async () => {
    const viewer = await startViewer(store());
    const { page } = await openPage(`${viewer.address}${at('14:48:04.000')}`);
    await untilDrawn(page);
    await viewer.stop();
    await page.getByText(/The server does not answer since \d\d:\d\d:\d\d/).waitFor();
    await takeScreenshot(page, 'desktop-server-away');
    await startViewer(store(), Number(new URL(viewer.address).port));
    await expect
      .poll(() => page.getByText('The server does not answer').count(), { timeout: 30_000 })
      .toBe(0);
    await page.keyboard.press('ArrowRight');
    await expectTime(page, /^14:48:04\.500/);
  });

  it('keeps an event, and shows a note as text', async () => {
    const { address } = await startViewer(store());
    const note = '<img src=x onerror=alert(1)>';
    const open = await openPage(`${address}${at('14:48:04.000')}`);
    const { page } = open;
    const wishes: unknown[] = [];
    await page.route('**/api/v1/keep', (route) => {
      wishes.push(route.request().postDataJSON());
      return route.fulfill({ json: { waiting: wishes.length > 2 } });
    });
    await page.route('**/api/v1/frames?*', async (route) => {
      const response = await route.fetch();
      const answer = (await response.json()) as { frames: object[] };
      const frames = answer.frames.map((each) => ({ ...each, note }));
      await route.fulfill({ response, json: { ...answer, frames } });
    });
    await page.reload();
    await untilDrawn(page);
    await page.getByText(note).waitFor();
    await page.keyboard.press('k');
    await page.getByText(/This event is kept/).waitFor();
    await page.locator('.event[aria-current] .mark').getByText('★').waitFor();
    await page.keyboard.press('k');
    await page.getByText(/no longer kept/).waitFor();
    await page.keyboard.press('k');
    await page.getByText('this event is kept when it does').waitFor();
    expect(await page.locator('.event[aria-current] .mark').getByText('★').count()).toBe(0);
    expect(wishes).toMatchObject([
      { camera: 'yard', keep: true },
      { camera: 'yard', keep: false },
      { camera: 'yard', keep: true },
    ]);
    expect(await page.locator('q img').count()).toBe(0);
    expectClean(open);
  });

  it('shows what another program keeps, and keeps no longer', async () => {
    const { address } = await startViewer(store());
    // It makes the marker of the directory, without which nothing is kept.
    await startReceiverProgram(store());
    const open = await openPage(`${address}${at('14:48:04.000')}`);
    const { page } = open;
    await untilDrawn(page);
    const from = Date.parse(`${yesterday}T14:48:00Z`);
    const wish = `camera=yard&from=${from}&to=${from + 60_000}`;
    const answer = await fetch(`${address}api/v1/events?${wish}`);
    const { events } = (await answer.json()) as { events: { event: string }[] };
    const keep = async (verb: string): Promise<void> => {
      const event = `yard/${events[0]?.event ?? ''}`;
      const args = [`${root}dist/receiver.js`, verb, '--dir', store(), event];
      expect(await run(process.execPath, args)).toMatchObject({ code: 0, stderr: '' });
    };
    const star = page.locator('.event[aria-current] .mark').getByText('★');
    const button = page.getByRole('button', { name: 'Keep', pressed: true });
    await keep('keep');
    await star.waitFor();
    await button.waitFor();
    await keep('unkeep');
    await expect.poll(() => star.count()).toBe(0);
    await expect.poll(() => button.count()).toBe(0);
    await expectTime(page, /^14:48:04\.000/);
    expectClean(open);
  });

  it('asks for a name and a password, and warns where they travel unencrypted', async () => {
    const { address } = await startViewer(store());
    const { page } = await openPage('about:blank');
    let role: string | null = null;
    await page.route('**/api/v1/session', async (route) => {
      if (route.request().method() === 'POST') {
        const { password } = route.request().postDataJSON() as { password: string };
        if (password === 'right') role = 'look';
        const refusal = { code: 'password-needed', message: 'the name or the password is wrong' };
        const status = role === null ? 401 : 200;
        await route.fulfill({ status, json: role === null ? refusal : {} });
        return;
      }
      const session = { role, name: role === null ? null : 'ann' };
      await route.fulfill({ json: { ...session, hasPassword: true, isUnencrypted: true } });
    });
    await page.goto(address);
    await page.getByText('This connection is unencrypted').first().waitFor();
    await page.getByLabel('Name').fill('ann');
    await page.getByLabel('Password').fill('wrong');
    await page.keyboard.press('Enter');
    await page.getByText('This name and password do not open this viewer.').waitFor();
    await takeScreenshot(page, 'desktop-login');
    await page.getByLabel('Password').fill('right');
    await page.keyboard.press('Enter');
    await untilDrawn(page);
    // Who may only look is offered no keeping.
    expect(await page.getByRole('button', { name: 'Keep' }).count()).toBe(0);
    await page.getByRole('button', { name: 'Leave' }).waitFor();
  });

  it('shows all cameras at one moment, each row on the time line', async () => {
    const { address } = await startViewer(store());
    const open = await openPage(`${address}${at('07:18:04.000')}`);
    const { page } = open;
    await untilDrawn(page);
    await page.getByTitle('Choose a camera').click();
    await page.getByRole('button', { name: /gate/ }).waitFor();
    await takeScreenshot(page, 'desktop-cameras');
    await page.getByRole('button', { name: /All cameras/ }).click();
    await expect.poll(() => page.locator('.cell canvas').count()).toBe(2);
    await expect.poll(() => page.url()).toContain('view=all');
    await page.locator('.cell', { hasText: /yard 07:18:04/ }).waitFor();
    await takeScreenshot(page, 'desktop-all-cameras');
    await page.locator('.cell', { hasText: 'gate' }).click();
    await expect.poll(() => page.url()).toContain('camera=gate');
    await untilDrawn(page);
    // Its own local time: an hour east.
    await expectTime(page, /^08:/);
    expectClean(open);
  });

  it('works below a path of a proxy, with relative addresses', async () => {
    const { address } = await startViewer(store());
    const { host, port } = new URL(address);
    const proxy = createServer((request, response) => {
      if (request.url?.startsWith('/cams/') !== true) {
        response.writeHead(404).end();
        return;
      }
      const path = request.url.slice('/cams'.length);
      const headers = { ...request.headers, host };
      const passed = forward({ port, path, method: request.method, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      });
      passed.on('error', () => response.destroy());
      request.pipe(passed);
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      proxy.closeAllConnections();
      proxy.close();
    });
    const base = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}/cams/`;
    const open = await openPage(`${base}${at('14:48:04.000')}`);
    await untilDrawn(open.page);
    expect(open.requests.filter((each) => !each.startsWith(base))).toEqual([]);
    expectClean(open);
  });
});

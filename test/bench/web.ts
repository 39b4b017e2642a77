/**
 * The viewer in Chromium: a day of 100,000 frames, the same with 1,000,000 frames in 30 days, and a plain directory
 * index of the day. `npm run bench -- web [FOLDER]`: the stores need a gigabyte there for some minutes.
 */
import { spawn } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';
import { type PageRun, type Step, runIndex, runPage } from './web/page-runs.js';
import { lastDayMs, makeStore } from './web/stores.js';

const [parent = tmpdir()] = process.argv.slice(2);
const browserPath = process.env.CHROMIUM ?? '/usr/bin/chromium';

async function withViewer<T>(directory: string, act: (address: string) => Promise<T>) {
  const args = ['dist/receiver.js', 'web', '--dir', directory, '--web', '0', '--json'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  try {
    const line = await new Promise<string>((resolve) => {
      createInterface({ input: child.stdout }).once('line', resolve);
    });
    const [address = ''] = (JSON.parse(line) as { viewers: string[] }).viewers;
    const result = await act(address);
    const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
    const memoryMb = Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
    return { result, memoryMb };
  } finally {
    child.kill();
  }
}

function print(title: string, run: PageRun, memoryMb: number): void {
  const line = (name: string, { ms, requests, bytes }: Step, more = ''): void =>
    console.log(
      `  ${name.padEnd(30)} ${ms.toFixed(0).padStart(7)} ms ${String(requests).padStart(5)} requests ` +
        `${(bytes / 1000).toFixed(0).padStart(6)} kB${more}`,
    );
  const { held } = run;
  console.log(title);
  line('first paint', run.firstPaint);
  line('time line complete', run.timeline);
  line('first picture', run.picture);
  line('jump to 03:00', run.jump);
  line(
    'arrow key held, 1,000 frames',
    held,
    `, ${held.frames} pictures drawn, the latest after ${held.latestMs.toFixed(0)} ms`,
  );
  console.log(
    `  the page's heap after it ${held.heapMb.toFixed(1)} MB, × ${held.heapRatio.toFixed(2)} after 1,000 frames more`,
  );
  console.log(`  server: peak memory ${memoryMb.toFixed(0)} MB`);
}

/** As web servers list a folder. */
async function indexServer(folder: string): Promise<Server> {
  const server = createServer((_, response) => {
    const links = readdirSync(folder).map((name) => `<a href="${name}">${name}</a>\n`);
    response.setHeader('content-type', 'text/html');
    response.end(`<!doctype html><title>Index</title><pre>${links.join('')}</pre>`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  return server;
}

const day = makeStore(parent, 1, 100_000);
const month = makeStore(parent, 30, 33_334);
const browser = await chromium.launch({ executablePath: browserPath, args: ['--no-sandbox'] });
// The first page of a browser also starts its processes.
await (await browser.newPage()).goto('about:blank');
const one = await withViewer(day, (address) => runPage(browser, address, lastDayMs));
print('a day of 100,000 frames', one.result, one.memoryMb);
const many = await withViewer(month, (address) => runPage(browser, address, lastDayMs));
print('1,000,000 frames in 30 days', many.result, many.memoryMb);
console.log('1,000,000 ÷ 100,000');
for (const key of ['firstPaint', 'timeline', 'picture', 'jump', 'held'] as const) {
  console.log(`  ${key.padEnd(30)} ${(many.result[key].ms / one.result[key].ms).toFixed(2)}`);
}
const server = await indexServer(join(day, 'yard/2026_11_26'));
const { port } = server.address() as AddressInfo;
const { ms, requests, bytes } = await runIndex(browser, `http://127.0.0.1:${port}/`);
console.log('a plain directory index of the day of 100,000 frames');
console.log(
  `  complete ${ms.toFixed(0)} ms, ${requests} requests, ${(bytes / 1000).toFixed(0)} kB, no pictures`,
);
console.log(`  viewer's time line and picture ÷ index: ${(one.result.picture.ms / ms).toFixed(2)}`);
server.close();
await browser.close();

/** A viewer on a made-up store, and what its page shows. */
import { mkdtempSync, readdirSync, rmSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect } from 'vitest';
import { freePort } from '../support/ports.js';
import { root, start } from '../support/programs.js';
import { memoryBase } from '../support/temporary.js';
import { writeYesterday } from '../support/made-store/yesterday.js';

export interface MadeCamera {
  readonly camera: string;
  readonly utcOffsetMinutes?: number;
}

/** When the cameras of a file of tests were last seen to be awake: not within minutes of now, also at midnight. */
const madeAtMs = Date.now() - 10 * 60_000;

/** The day that the cameras have, `2026-11-27`. */
export const yesterday = new Date(madeAtMs - 86_400_000).toISOString().slice(0, 10);

/** In a file of tests: yesterdays of some cameras, made once. @returns the path of their directory */
export function useStore(cameras: readonly MadeCamera[]): () => string {
  let directory = '';
  beforeAll(() => {
    directory = mkdtempSync(join(memoryBase, 'picchanged-test-'));
    for (const { camera, utcOffsetMinutes = 0 } of cameras) {
      writeYesterday({ directory, camera, nowMs: madeAtMs, utcOffsetMinutes });
      makeOld(join(directory, camera), Math.floor(madeAtMs / 86_400_000) * 86_400);
    }
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));
  return () => directory;
}

/** Nothing arrived since then. */
function makeOld(folder: string, seconds: number): void {
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    utimesSync(join(folder, name), seconds, seconds);
  }
}

/** `receiver web` on a directory. @returns its address */
export async function startViewer(directory: string, port?: number) {
  const where = `127.0.0.1:${port ?? (await freePort())}`;
  const running = start(process.execPath, [
    `${root}dist/receiver.js`,
    ...['web', '--dir', directory, '--web', where, '--json'],
  ]);
  await running.says(where.split(':')[1] ?? '');
  return { ...running, address: `http://${where}/` };
}

/** The moment above the time line, `14:48:04.500`. */
export const shownTime = (page: Page): Promise<string> => page.locator('.moment time').innerText();

/** What a screen reader says of the time line. */
export const spoken = async (page: Page): Promise<string> =>
  (await page.getByRole('slider').getAttribute('aria-valuetext')) ?? '';

/** The cursor of the frame that is drawn; `film` for a small picture; empty: none. */
export const drawnFrame = (page: Page): Promise<string | null> =>
  page.locator('.picture').getAttribute('data-shown');

/** Waits until a full picture of a frame is drawn. */
export async function untilDrawn(page: Page): Promise<void> {
  await page.locator('.picture[data-shown*="."]').waitFor();
}

export async function expectTime(page: Page, time: RegExp): Promise<void> {
  await expect.poll(() => shownTime(page), { timeout: 20_000 }).toMatch(time);
}

/** A place on the time line's first row, by its share of the width. */
export async function placeOn(page: Page, share: number): Promise<{ x: number; y: number }> {
  const box = await page.locator('.slider canvas').boundingBox();
  if (box === null) throw new Error('the time line is not visible');
  return { x: box.x + share * box.width, y: box.y + 25 };
}

/** Whether something is drawn on the canvas of a picture. */
export const isPainted = (page: Page, selector: string): Promise<boolean> =>
  page.evaluate<boolean>(`{
    const canvas = document.querySelector(${JSON.stringify(selector)});
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    new Set(data).size > 8;
  }`);

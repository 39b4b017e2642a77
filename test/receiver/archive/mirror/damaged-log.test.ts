/** The log of a day of the mirror with a bit that its disk has changed. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { gapLine } from '../../../../receiver/store/record-line.js';
import { makeMirrorWorld, mirrored } from '../../../support/mirror-world.js';
import { day, gapOf } from '../../store/given.js';

it('is noticed: the record has each line once, and none too few', async () => {
  const { put, remove, open, merged } = await makeMirrorWorld();
  const lines = [1, 2, 3, 4].map((number) => gapLine(gapOf(number)));
  put(`${day}/record.d/l-a-1`, lines.slice(0, 2).join(''));
  put(`${day}/record.d/l-a-2`, lines.slice(2, 3).join(''));
  const mirror = await open();
  await mirror.refresh();
  const log = join(mirror.directory, day, '.pieces');
  const whole = readFileSync(log);
  const record = readFileSync(join(mirror.directory, day, 'record.jsonl'));
  await mirror.close();
  // Both small objects become one, with a line more.
  put(`${day}/record.d/l-a-3`, lines.join(''));
  remove(`${day}/record.d/l-a-1`);
  remove(`${day}/record.d/l-a-2`);
  for (let at = 0; at < whole.length; at += 1) {
    const damaged = Buffer.from(whole);
    damaged[at] = (damaged[at] ?? 0) ^ (1 << (at % 8));
    writeFileSync(join(mirror.directory, day, 'record.jsonl'), record);
    writeFileSync(log, damaged);
    const next = await open();
    await next.refresh();
    expect([...mirrored(next, day).lines].sort(), `byte ${at}`).toEqual((await merged(day)).sort());
    await next.close();
  }
});

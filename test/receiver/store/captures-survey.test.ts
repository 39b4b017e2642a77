import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { surveyCaptures } from '../../../receiver/store/captures-survey.js';
import { temporaryDirectory } from '../../support/temporary.js';

describe('a survey of the captures', () => {
  it('has each camera’s last frame, and the frames of this machine’s current day', async () => {
    const directory = temporaryDirectory();
    const put = (path: string, bytes = 10): void => {
      mkdirSync(join(directory, path, '..'), { recursive: true });
      writeFileSync(join(directory, path), Buffer.alloc(bytes));
    };
    put('yard/2026_11_21/2026_11_21_23_00_00_000+0100.jpg');
    put('yard/2026_11_22/2026_11_22_08_30_15_123+0100.jpg', 100);
    put('yard/2026_11_22/2026_11_22_08_30_16_000+0100-2.jpg', 200);
    put('yard/2026_11_22/record.jsonl');
    put('garage/2026_10_01/2026_10_01_00_00_00_000+0000.jpg');
    put('garage/2026_11_22/record.jsonl');
    put('new/.incoming/x.part');
    put('.locks/yard');
    put('notes.txt');
    const nowMs = Date.UTC(2026, 10, 21, 23, 30); // the 22nd where it is an hour later
    expect(await surveyCaptures(directory, nowMs, 60)).toEqual([
      { camera: 'garage', lastMs: Date.UTC(2026, 9, 1), todayFrames: 0, todayBytes: 0 },
      { camera: 'new', lastMs: undefined, todayFrames: 0, todayBytes: 0 },
      {
        camera: 'yard',
        lastMs: Date.UTC(2026, 10, 22, 7, 30, 16),
        todayFrames: 2,
        todayBytes: 300,
      },
    ]);
  });
});

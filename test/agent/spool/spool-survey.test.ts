import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { surveySpool } from '../../../agent/spool/spool-survey.js';
import { becomeNobody } from '../../support/unprivileged-user.js';
import { temporaryDirectory } from '../../support/temporary.js';

describe('surveySpool', () => {
  it('counts the waiting frames of each receiver, and finds the last delivered frame', async () => {
    const root = temporaryDirectory();
    const put = (name: string, bytes: number, atSeconds: number): void => {
      writeFileSync(join(root, name), Buffer.alloc(bytes));
      utimesSync(join(root, name), atSeconds, atSeconds);
    };
    mkdirSync(join(root, 'laptop_4444', 'rejected'), { recursive: true });
    mkdirSync(join(root, 'nas_5'));
    mkdirSync(join(root, 'new_6'));
    mkdirSync(join(root, 'not a spool'));
    put('laptop_4444/000000000003.sent', 0, 1000);
    put('laptop_4444/000000000004.jpg', 300, 1010);
    put('laptop_4444/000000000005.jpg', 200, 1020);
    put('laptop_4444/000000000006.dropped', 50, 1030);
    put('laptop_4444/epoch', 33, 5000);
    put('laptop_4444/rejected/000000000002.jpg', 10, 5000);
    put('nas_5/000000000009.sent', 10, 2000);
    put('nas_5/000000000008.report', 10, 3000);
    put('new_6/000000000001.sent', 0, 4000);
    expect(await surveySpool(root)).toEqual([
      {
        receiver: 'laptop_4444',
        waitingFrames: 2,
        waitingBytes: 500,
        asideFrames: 1,
        asideBytes: 10,
        oldestMs: 1_010_000,
        newestMs: 1_020_000,
      },
      {
        ...{ receiver: 'nas_5', waitingFrames: 0, waitingBytes: 0, asideFrames: 0, asideBytes: 0 },
        ...{ oldestMs: undefined, newestMs: 2e6 },
      },
      {
        ...{ receiver: 'new_6', waitingFrames: 0, waitingBytes: 0, asideFrames: 0, asideBytes: 0 },
        ...{ oldestMs: undefined, newestMs: undefined },
      },
    ]);
  });

  it('returns nothing without a spool, and rejects without permission', async () => {
    const root = temporaryDirectory();
    expect(await surveySpool(join(root, 'spool'))).toEqual([]);
    mkdirSync(join(root, 'closed'), { mode: 0 });
    becomeNobody();
    await expect(surveySpool(join(root, 'closed'))).rejects.toMatchObject({ code: 'EACCES' });
  });
});

/** The lab itself: without it the other tests of this folder would say nothing. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Lab, whyNoLab } from './lab.js';

const why = whyNoLab();

describe.skipIf(why !== undefined)(`a real systemd${why === undefined ? '' : ` (${why})`}`, () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await Lab.boot();
  });
  afterAll(() => lab.close());

  it('runs, and has none of the units of this machine', async () => {
    expect(await lab.must('systemctl', 'is-system-running')).toBe('running');
    expect(await lab.must('ls', '/etc/systemd/system')).toBe('');
    expect(await lab.run('false')).toMatchObject({ code: 1 });
  });

  it('runs units, keeps their words, and lets its files be read', async () => {
    await lab.must('systemd-run', '--unit', 'probe', 'sh', '-c', 'echo hello; echo 1 > /srv/probe');
    await lab.says('probe', 'hello');
    expect(readFileSync(lab.path('/srv/probe'), 'utf8')).toBe('1\n');
    await lab.until('probe', 'ActiveState', 'inactive');
  });
});

/** The doctor's checks of a captures directory with planted entries. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { capturesFindings } from '../../../../receiver/setup/doctor/captures-findings.js';
import { temporaryDirectory } from '../../../support/temporary.js';

describe('captures findings', () => {
  it('do not block on a marker that is a pipe', async () => {
    const directory = temporaryDirectory();
    expect(spawnSync('mkfifo', [join(directory, '.picchanged.json')]).status).toBe(0);
    const findings = await capturesFindings(directory, Date.now());
    expect(JSON.stringify(findings)).toContain('.picchanged.json is not a regular file');
  });

  it('send root not to sudo when the user of the service cannot reach them', async (test) => {
    test.skip(process.geteuid?.() !== 0, 'only root can give up rights');
    const hidden = join(temporaryDirectory(), 'root');
    mkdirSync(join(hidden, 'captures'), { recursive: true });
    chmodSync(hidden, 0o700);
    const look = async (isRoot: boolean) => {
      process.seteuid?.(65_534);
      try {
        return await capturesFindings(join(hidden, 'captures'), Date.now(), { isRoot });
      } finally {
        process.seteuid?.(0);
      }
    };
    expect(await look(false)).toMatchObject([{ level: 'warning', todo: 'sudo receiver doctor' }]);
    const [found] = await look(true);
    expect(found?.level).toBe('warning');
    expect(found?.todo).not.toContain('sudo receiver doctor');
  });
});

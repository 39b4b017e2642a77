/** The doctor's checks of a captures directory with planted entries. */
import { spawnSync } from 'node:child_process';
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
});

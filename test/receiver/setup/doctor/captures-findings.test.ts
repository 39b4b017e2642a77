/** The doctor's look at a captures directory that somebody planted things in. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { capturesFindings } from '../../../../receiver/setup/doctor/captures-findings.js';
import { temporaryDirectory } from '../../../support/temporary.js';

describe('the captures directory', () => {
  it('whose marker is a pipe makes the doctor wait for nobody', async () => {
    const directory = temporaryDirectory();
    expect(spawnSync('mkfifo', [join(directory, '.picchanged.json')]).status).toBe(0);
    const findings = await capturesFindings(directory, Date.now());
    expect(JSON.stringify(findings)).toContain('.picchanged.json is not a regular file');
  });
});

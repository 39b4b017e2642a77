import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isStateLocked, lockState } from '../../../agent/service/state-lock.js';
import { temporaryDirectory } from '../../support/temporary.js';

describe('the lock of a state directory', () => {
  it('has one holder at a time, and can be taken again after its release', async () => {
    const directory = temporaryDirectory();
    const first = await lockState(directory);
    await expect(lockState(directory)).rejects.toMatchObject({
      code: 'STATE',
      message: `another agent uses the state directory ${directory}`,
      hint: expect.stringContaining('--state DIR') as string,
    });
    await first.close();
    await (await lockState(directory)).close();
  });

  it('is a STATE error when the directory does not exist', async () => {
    await expect(lockState('/no/such')).rejects.toMatchObject({ code: 'STATE' });
  });
});

describe('a pipe in place of the lock', () => {
  it('makes no question wait', async () => {
    const directory = temporaryDirectory();
    execFileSync('mkfifo', [join(directory, 'lock')]);
    expect(await isStateLocked(directory)).toBe(false);
  });
});

import { describe, expect, it } from 'vitest';
import { lockState } from '../../../agent/service/state-lock.js';
import { temporaryDirectory } from '../../support/temporary.js';

describe('the lock of a state directory', () => {
  it('is had by one at a time, and by the next when it is given back', async () => {
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

  it('says what is wrong when there is no directory', async () => {
    await expect(lockState('/no/such')).rejects.toMatchObject({ code: 'STATE' });
  });
});

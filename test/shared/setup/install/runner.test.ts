/** What install says when a command fails; the words are those of systemd 252. */
import { describe, expect, it } from 'vitest';
import { runCommand } from '../../../../shared/setup/install/runner.js';

function failing(stderr: string) {
  const run = () => Promise.resolve({ exitCode: 1, stdout: '', stderr });
  const runner = { run, program: 'receiver', isUser: true, isDryRun: false } as const;
  return runCommand({ ...runner, print: () => undefined }, 'systemctl', 'restart', 'x.socket');
}

describe('a command that fails', () => {
  it.each([
    'Job for x.socket failed.\nSee "systemctl status x.socket" and "journalctl -xeu x.socket" for details.\n',
    'Job failed. See "journalctl -xe" for details.\n',
    "A dependency job for x.service failed. See 'journalctl -xe' for details.\n",
  ])('to start a service leads to the doctor: %s', async (stderr) => {
    await expect(failing(stderr)).rejects.toMatchObject({
      message: 'systemctl restart x.socket failed: the service did not start',
      hint: 'why: receiver doctor --user',
    });
  });

  it('for another reason says it', async () => {
    await expect(failing('Failed to connect to bus: no medium\n')).rejects.toMatchObject({
      message: 'systemctl restart x.socket failed: Failed to connect to bus: no medium',
    });
  });
});

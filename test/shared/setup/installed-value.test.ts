/** Settings that a command reads from an installation's environment file. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { installedValue } from '../../../shared/setup/installed-value.js';
import { becomeNobody } from '../../support/unprivileged-user.js';
import { temporaryDirectory } from '../../support/temporary.js';

/** Settings folders of the system and of a user. */
function settingsFolders() {
  const root = temporaryDirectory();
  const system = join(root, 'etc');
  const user = join(root, 'home', '.config', 'picchanged');
  mkdirSync(system);
  mkdirSync(user, { recursive: true });
  chmodSync(root, 0o755);
  const read = (): Promise<string | undefined> =>
    installedValue('receiver', 'RECEIVER_KEYS', { HOME: join(root, 'home') }, system);
  return { system: join(system, 'receiver.env'), user: join(user, 'receiver.env'), read };
}

describe('an installed value', () => {
  it('is undefined without an installation', async () => {
    expect(await settingsFolders().read()).toBeUndefined();
  });

  it.each([
    ['as it stands', 'RECEIVER_KEYS=/var/lib/x/keys', '/var/lib/x/keys'],
    ['in quotes', 'RECEIVER_KEYS="/var/lib/x y/keys"', '/var/lib/x y/keys'],
    ['as systemd reads it', 'RECEIVER_KEYS="/srv/a \\"b\\""', '/srv/a "b"'],
    ['the last of two', 'RECEIVER_KEYS=/a\nRECEIVER_DIR=/c\nRECEIVER_KEYS=/b', '/b'],
    ['not from a comment', '#RECEIVER_KEYS=/a', undefined],
    ['empty, as unset', 'RECEIVER_KEYS=', undefined],
  ])('is read %s', async (_, text, expected) => {
    const { system, read } = settingsFolders();
    writeFileSync(system, `${text}\n`);
    expect(await read()).toBe(expected);
  });

  it("of the user's installation overrides the system's", async () => {
    const { system, user, read } = settingsFolders();
    writeFileSync(system, 'RECEIVER_KEYS=/system\n');
    writeFileSync(user, 'RECEIVER_KEYS=/user\n');
    expect(await read()).toBe('/user');
  });

  it('in a file that this user cannot read is an error with sudo in its hint', async () => {
    const { system, read } = settingsFolders();
    writeFileSync(system, 'RECEIVER_KEYS=/system\n', { mode: 0o600 });
    becomeNobody();
    await expect(read()).rejects.toMatchObject({
      code: 'KEYS',
      hint: expect.stringContaining('sudo') as string,
    });
  });
});

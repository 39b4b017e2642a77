/** What a command takes from an installation's environment file. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { installedValue } from '../../../shared/setup/installed-value.js';
import { becomeNobody } from '../../support/unprivileged-user.js';
import { temporaryDirectory } from '../../support/temporary.js';

/** A system's folder and a user's home. */
function places() {
  const root = temporaryDirectory();
  const system = join(root, 'etc');
  const own = join(root, 'home', '.config', 'picchanged');
  mkdirSync(system);
  mkdirSync(own, { recursive: true });
  chmodSync(root, 0o755);
  const read = (): Promise<string | undefined> =>
    installedValue('receiver', 'RECEIVER_KEYS', { HOME: join(root, 'home') }, system);
  return { system: join(system, 'receiver.env'), own: join(own, 'receiver.env'), read };
}

describe('an installation', () => {
  it('that is none says nothing', async () => {
    expect(await places().read()).toBeUndefined();
  });

  it.each([
    ['as it stands', 'RECEIVER_KEYS=/var/lib/x/keys', '/var/lib/x/keys'],
    ['in quotes', 'RECEIVER_KEYS="/var/lib/x y/keys"', '/var/lib/x y/keys'],
    ['as systemd reads it', 'RECEIVER_KEYS="/srv/a \\"b\\""', '/srv/a "b"'],
    ['the last of two', 'RECEIVER_KEYS=/a\nRECEIVER_DIR=/c\nRECEIVER_KEYS=/b', '/b'],
    ['not from a comment', '#RECEIVER_KEYS=/a', undefined],
    ['empty, as unset', 'RECEIVER_KEYS=', undefined],
  ])('is read %s', async (_, text, expected) => {
    const { system, read } = places();
    writeFileSync(system, `${text}\n`);
    expect(await read()).toBe(expected);
  });

  it("of the user's own goes before the system's", async () => {
    const { system, own, read } = places();
    writeFileSync(system, 'RECEIVER_KEYS=/system\n');
    writeFileSync(own, 'RECEIVER_KEYS=/own\n');
    expect(await read()).toBe('/own');
  });

  it('that this user may not look into is an error that says sudo', async () => {
    const { system, read } = places();
    writeFileSync(system, 'RECEIVER_KEYS=/system\n', { mode: 0o600 });
    becomeNobody();
    await expect(read()).rejects.toMatchObject({
      code: 'KEYS',
      hint: expect.stringContaining('sudo') as string,
    });
  });
});

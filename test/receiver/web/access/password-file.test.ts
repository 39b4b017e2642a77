/** The password file: written, read, read again, and refused. */
import { chmodSync, lstatSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PasswordFile, readPasswordFile } from '../../../../receiver/web/access/password-file.js';
import { PasswordChecks } from '../../../../receiver/web/access/password-hash.js';
import { writePassword } from '../../../../receiver/web/access/write-password.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { temporaryDirectory } from '../../../support/temporary.js';

const anna = { name: 'anna', role: 'keep', password: 'garden gate' } as const;
const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);

describe('the password file', () => {
  it('is made for its owner only, and keeps role, mode, link and other lines', async () => {
    const folder = temporaryDirectory();
    const [path, link] = [join(folder, 'passwords'), join(folder, 'link')];
    expect(await writePassword(path, anna)).toEqual({ role: 'keep', isNew: true });
    expect(modeOf(path)).toBe('600');
    writeFileSync(path, `# family\n${readFileSync(path, 'utf8')}`);
    chmodSync(path, 0o640);
    symlinkSync(path, link);
    const bert = { name: 'bert', role: undefined, password: '12345678' };
    expect(await writePassword(link, bert)).toEqual({ role: 'look', isNew: true });
    const again = { ...anna, role: undefined, password: 'another gate' };
    expect(await writePassword(link, again)).toEqual({ role: 'keep', isNew: false });
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(modeOf(path)).toBe('640');
    expect(readFileSync(path, 'utf8')).toMatch(/^# family\nanna:keep:.*\nbert:look:.*\n$/);
    const passwords = await readPasswordFile(path);
    const checks = new PasswordChecks();
    expect(await checks.matches('another gate', passwords.get('anna')?.hash)).toBe(true);
    expect(await checks.matches('garden gate', passwords.get('anna')?.hash)).toBe(false);
  });

  it('loses no line to a second writer', async () => {
    const path = join(temporaryDirectory(), 'passwords');
    const names = ['a', 'b', 'c', 'd'];
    await Promise.all(names.map((name) => writePassword(path, { ...anna, name })));
    expect([...(await readPasswordFile(path)).keys()].sort()).toEqual(names);
  });

  it.each([0o644, 0o604, 0o660, 0o622])('is refused with mode %o', async (mode) => {
    const path = join(temporaryDirectory(), 'passwords');
    await writePassword(path, anna);
    chmodSync(path, mode);
    await expect(readPasswordFile(path)).rejects.toThrow(/others may read .* its mode is/);
  });

  it('is refused when it is missing, a folder, or has a wrong line', async () => {
    const folder = temporaryDirectory();
    const path = join(folder, 'passwords');
    await expect(readPasswordFile(path)).rejects.toThrow('cannot read the password file');
    await expect(readPasswordFile(folder)).rejects.toThrow('is not a file of passwords');
    writeFileSync(path, 'anna:keep:garden gate\n', { mode: 0o600 });
    await expect(readPasswordFile(path)).rejects.toThrow(`password file ${path}: line 1: the hash`);
    await expect(writePassword(path, anna)).rejects.toThrow(`password file ${path}: line 1`);
  });

  it('is read again when it changes; while it is wrong, no name is valid', async () => {
    const path = join(temporaryDirectory(), 'passwords');
    await writePassword(path, anna);
    const clock = new FakeClock();
    const file = await PasswordFile.open(path, clock);
    const names = async (): Promise<string[]> => {
      await clock.advance(1000);
      return [...(await file.current()).keys()];
    };
    await writePassword(path, { ...anna, name: 'bert' });
    expect(await names()).toEqual(['anna', 'bert']);
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, 'nonsense\n');
    await expect(names()).rejects.toThrow('line 1 is not name:role:hash');
    writeFileSync(path, text);
    expect(await names()).toEqual(['anna', 'bert']);
    rmSync(path);
    await expect(names()).rejects.toThrow('cannot read the password file');
  });
});

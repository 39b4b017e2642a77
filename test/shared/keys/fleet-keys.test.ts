/** Fleet keys: the credential with keys for many cameras. */
import { createHash } from 'node:crypto';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseFleetKeys, readFleetKeys } from '../../../shared/keys/fleet-keys.js';
import { becomeNobody } from '../../support/unprivileged-user.js';
import { temporaryDirectory } from '../../support/temporary.js';

const hex = 'ab'.repeat(32);

describe('the fleet keys', () => {
  it('are one per line; empty lines and comments are ignored', () => {
    const text = `# made on Sunday\n\n frontdoor.k1  ${hex} \nyard.2 ${'0'.repeat(64)}\r\n`;
    expect(parseFleetKeys(text)).toEqual([
      { camera: 'frontdoor', id: 'k1', key: Buffer.from(hex, 'hex') },
      { camera: 'yard', id: '2', key: Buffer.alloc(32) },
    ]);
  });

  it.each([
    `frontdoor ${hex}`,
    `Front.k1 ${hex}`,
    `../etc.k1 ${hex}`,
    `raw-1.k1 ${hex}`,
    `frontdoor.k1 ${hex}00`,
    `frontdoor.k1 ${hex.toUpperCase()}`,
    `frontdoor.k1`,
    `frontdoor.k1 ${hex} yes`,
  ])('with an invalid line are refused with its number, without its text: %s', (line) => {
    const refused = (): unknown => parseFleetKeys(`yard.k1 ${hex}\n${line}`);
    expect(refused).toThrow('line 2 is not CAMERA.ID and 64 hex digits');
    expect(refused).not.toThrow(/abab/);
  });

  it('of the documentation are refused', () => {
    const published = createHash('sha256').update('test').digest('hex');
    const refused = (): unknown => parseFleetKeys(`yard.k1 ${published}`);
    expect(refused).toThrow(/^line 1 has the example key of the documentation.* openssl rand/);
    expect(refused).not.toThrow(published);
    for (const page of ['SECURITY.md', 'README.md', 'docs/protocol.md']) {
      const text = readFileSync(new URL(`../../../${page}`, import.meta.url), 'utf8');
      const keys = text.match(/^[a-z0-9-]+\.[0-9a-z]+ +[0-9a-f]{64}$/gm) ?? [];
      expect(keys).toEqual([]);
    }
  });

  it('are empty without a credential', async () => {
    expect(await readFleetKeys(undefined)).toEqual([]);
    expect(await readFleetKeys(temporaryDirectory())).toEqual([]);
  });

  it('that cannot be read are an error', async () => {
    const directory = temporaryDirectory();
    const path = join(directory, 'picchanged-keys');
    writeFileSync(path, `yard.k1 ${hex}\n`, { mode: 0 });
    chmodSync(directory, 0o755);
    becomeNobody();
    await expect(readFleetKeys(directory)).rejects.toMatchObject({ code: 'KEYS' });
  });
});

import { readFileSync, readdirSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  forUserInstance,
  quotePath,
  quoteWord,
  readSettings,
  readWords,
  withCommandWords,
  withSetting,
} from '../../../../shared/setup/install/unit-file.js';

const unit =
  '# What it is.\n[Unit]\nAfter=a\n\n[Service]\n# Why.\nUser=x\nUser=y\nExecStart=/a/b --c d\n';

describe('a unit file', () => {
  it('gets a setting in place, or at the start of its section', () => {
    expect(withSetting(unit, 'Service', 'User', 'fred')).toBe(unit.replace('User=x', 'User=fred'));
    expect(withSetting(unit, 'Unit', 'User', 'fred')).toContain('[Unit]\nUser=fred\nAfter=a');
    expect(withSetting(unit, 'Path', 'A', 'b')).toContain('\n[Path]\nA=b\n');
    expect(readSettings(unit, 'User')).toEqual(['x', 'y']);
    expect(readSettings(`${unit}User=\nUser=z\n`, 'User')).toEqual(['z']);
    expect(readSettings(`${unit}User=\n`, 'User')).toEqual([]);
  });

  it('gets replaced words in its command lines only', () => {
    const words = new Map([
      ['/a/b', '/usr/bin/node /c'],
      ['d', '"e f"'],
      ['x', 'never'],
    ]);
    const changed = withCommandWords(unit, words);
    expect(changed).toBe(unit.replace('/a/b --c d', '/usr/bin/node /c --c "e f"'));
  });

  it('has quoted words and paths', () => {
    expect(quoteWord('/srv/captures')).toBe('/srv/captures');
    expect(quoteWord('a b%c$d"e\\f')).toBe('"a b%%c$$d\\"e\\\\f"');
    expect(quotePath('/a b%c$d')).toBe('"/a b%%c$d"');
  });

  it('gives the words of a command line back as they were before quoting', () => {
    const word = fc.string({ minLength: 1, unit: fc.constantFrom(...Array.from('ab "\\%$/é')) });
    fc.assert(
      fc.property(fc.array(word), (words) => {
        expect(readWords(words.map(quoteWord).join(' '))).toEqual(words);
      }),
    );
  });

  it('for the user instance has no settings of the system instance', () => {
    const folder = new URL('../../../../systemd/', import.meta.url);
    const names = readdirSync(folder).filter((name) =>
      /^(?:pic|sur).*\.(?:service|socket|timer|path)$/.test(name),
    );
    expect(names.length).toBeGreaterThan(8);
    for (const name of names) {
      const text = forUserInstance(readFileSync(new URL(name, folder), 'utf8'));
      expect(text).not.toMatch(
        /^(?:User|SupplementaryGroups|DynamicUser|Protect\w+|Private\w+|DeviceAllow|CapabilityBoundingSet|StateDirectory\w*|RequiresMountsFor)=|multi-user|network-online/m,
      );
      if (name.endsWith('.service'))
        expect(text).toMatch(/^ExecStart=.*\n[^]*^NoNewPrivileges=yes$/m);
      expect(text).toMatch(/^(?:# .*\n)+\[Unit\]\n[^#]*$/);
    }
  });
});

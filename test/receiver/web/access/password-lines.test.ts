/** Lines of a password file. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvalidValue } from '../../../../shared/cli/units.js';
import {
  readPasswordLines,
  withPasswordLine,
} from '../../../../receiver/web/access/password-lines.js';

const hash = `$scrypt$ln=14,r=8,p=5$${'A'.repeat(22)}$${'B'.repeat(43)}`;
const other = hash.replaceAll('B', 'C');

describe('the lines of a password file', () => {
  it('are names, roles and hashes beside comments and blank lines', () => {
    const text = `# who\n\nanna:keep:${hash}\r\n  bert:look:${other}  \n`;
    expect([...readPasswordLines(text).values()]).toEqual([
      { name: 'anna', role: 'keep', hash },
      { name: 'bert', role: 'look', hash: other },
    ]);
  });

  it.each([
    ['anna', 'line 2 is not name:role:hash'],
    ['anna:keep', 'line 2 is not name:role:hash'],
    [`anna:keep:${hash}:x`, 'line 2 is not name:role:hash'],
    [`anna:admin:${hash}`, 'line 2: the role is look or keep'],
    [`Anna:keep:${hash}`, 'line 2: a name has'],
    ['anna:keep:secret12', 'line 2: the hash is not one that receiver web-password writes'],
    [`anna:keep:${hash.replace('ln=14', 'ln=1')}`, 'line 2: the hash'],
  ])('%s is an error with its line, and without its text', (line, message) => {
    const read = () => readPasswordLines(`# one\n${line}\n`);
    expect(read).toThrow(message);
    expect(read).toThrow(InvalidValue);
    expect(read).not.toThrow(/secret12/);
  });

  it('have each name once', () => {
    const text = `anna:keep:${hash}\nanna:look:${other}\n`;
    expect(() => readPasswordLines(text)).toThrow('line 2: there is another line of anna');
  });

  it('are replaced alone: all other text stays', () => {
    const text = `# anna:look:x\nbert:look:${hash}\nanna:look:${hash}\n# end`;
    const line = { name: 'anna', role: 'keep', hash: other } as const;
    expect(withPasswordLine(text, line)).toBe(
      `# anna:look:x\nbert:look:${hash}\nanna:keep:${other}\n# end\n`,
    );
    expect(withPasswordLine('', line)).toBe(`anna:keep:${other}\n`);
  });

  it('can be read after any series of writes', () => {
    const name = fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,5}$/);
    const role = fc.constantFrom('look' as const, 'keep' as const);
    fc.assert(
      fc.property(fc.array(fc.tuple(name, role)), (writes) => {
        let text = '# first\n';
        for (const [written, as] of writes) {
          text = withPasswordLine(text, { name: written, role: as, hash });
        }
        const roles = [...readPasswordLines(text).values()].map((line) => [line.name, line.role]);
        expect(new Map(roles as [string, string][])).toEqual(new Map(writes));
      }),
    );
  });
});

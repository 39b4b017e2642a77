/** Sessions end: with time, with the name's line, with the last of too many. */
import { describe, expect, it } from 'vitest';
import type { PasswordLine } from '../../../../receiver/web/access/password-lines.js';
import { Sessions } from '../../../../receiver/web/access/sessions.js';

const dayMs = 86_400_000;
const anna: PasswordLine = { name: 'anna', role: 'keep', hash: 'h1' };
const passwords = (...lines: PasswordLine[]) => new Map(lines.map((line) => [line.name, line]));

describe('sessions', () => {
  it('end after seven days without use, and after thirty', () => {
    const sessions = new Sessions();
    const idle = sessions.open(anna, 0);
    expect(sessions.find(idle, passwords(anna), 7 * dayMs)).toBeUndefined();
    const used = sessions.open(anna, 0);
    for (let day = 6; day < 30; day += 6) {
      expect(sessions.find(used, passwords(anna), day * dayMs)).toMatchObject({ name: 'anna' });
    }
    expect(sessions.find(used, passwords(anna), 30 * dayMs)).toBeUndefined();
    expect(sessions.size).toBe(0);
  });

  it.each([
    ['gone', passwords()],
    ['of another password', passwords({ ...anna, hash: 'h2' })],
    ['of another role', passwords({ ...anna, role: 'look' })],
  ])('end when the line is %s, and do not come back with it', (_, changed) => {
    const sessions = new Sessions();
    const token = sessions.open(anna, 0);
    expect(sessions.find(token, changed, 1)).toBeUndefined();
    expect(sessions.find(token, passwords(anna), 1)).toBeUndefined();
  });

  it('are bounded for each name, and in total: the one that was used longest ago ends', () => {
    const sessions = new Sessions();
    const [first = '', second = '', ...rest] = Array.from({ length: 32 }, () =>
      sessions.open(anna, 0),
    );
    expect(sessions.find(first, passwords(anna), 1)).toBeDefined();
    sessions.open(anna, 2);
    expect(sessions.find(second, passwords(anna), 3)).toBeUndefined();
    expect(sessions.find(first, passwords(anna), 3)).toBeDefined();
    expect(rest.every((token) => sessions.find(token, passwords(anna), 3))).toBe(true);
    for (let index = 0; index < 2000; index += 1) {
      sessions.open({ ...anna, name: `n${index}` }, 4);
    }
    expect(sessions.size).toBe(1024);
  });

  it('go on in another process, by their age', () => {
    const sessions = new Sessions();
    const token = sessions.open(anna, 1000);
    sessions.open({ ...anna, name: 'old' }, 1000 - 30 * dayMs);
    expect(sessions.find(token, passwords(anna), dayMs)).toEqual(anna);
    const saved = sessions.saved(2 * dayMs);
    expect(saved).toMatchObject([{ name: 'anna', ageMs: 2 * dayMs - 1000, idleMs: dayMs }]);
    const [used, unused] = [5, 5].map(() => new Sessions(saved, 5));
    expect(used?.find(token, passwords({ ...anna, hash: 'h2' }), 6)).toBeUndefined();
    expect(unused?.find(token, passwords(anna), 5 + 6 * dayMs - 1)).toEqual(anna);
    expect(new Sessions(saved, 5).find(token, passwords(anna), 5 + 6 * dayMs)).toBeUndefined();
    expect(JSON.stringify(saved)).not.toMatch(new RegExp(`h1|${token}`));
  });

  it('have tokens that nobody guesses, of which only a hash is kept', () => {
    const sessions = new Sessions();
    const tokens = Array.from({ length: 20 }, () => sessions.open(anna, 0));
    expect(new Set(tokens).size).toBe(20);
    expect(tokens.every((token) => /^[\w-]{43}$/.test(token))).toBe(true);
    sessions.close(tokens[0] ?? '');
    expect(sessions.find(tokens[0] ?? '', passwords(anna), 1)).toBeUndefined();
  });
});

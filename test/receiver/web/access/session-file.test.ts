/** Sessions outlive a viewer that ends when idle; what is wrong with their file ends them, and is said. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { KeptSessions } from '../../../../receiver/web/access/kept-sessions.js';
import type { PasswordLine } from '../../../../receiver/web/access/password-lines.js';
import { SessionFile } from '../../../../receiver/web/access/session-file.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { keptLog } from '../../../support/log.js';
import { temporaryDirectory } from '../../../support/temporary.js';

const dayMs = 86_400_000;
const anna: PasswordLine = { name: 'anna', role: 'keep', hash: 'h1' };
const present = new Map([['anna', anna]]);

function setting() {
  const path = join(temporaryDirectory(), 'sessions.json');
  const { log, lines } = keptLog();
  const start = async (wallMs: number) => {
    const clock = new FakeClock(1000);
    clock.setWall(wallMs);
    return { clock, sessions: await KeptSessions.open(new SessionFile(path, clock, log), clock) };
  };
  return { path, lines, start };
}
const nowMs = Date.UTC(2026, 10, 22);

describe('the file of sessions', () => {
  it('has those that have begun and not ended, for its owner only', async () => {
    const { path, start, lines } = setting();
    const { sessions } = await start(nowMs);
    const [kept, left] = [await sessions.begin(anna), await sessions.begin(anna)];
    await sessions.end([left]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readFileSync(path, 'utf8')).not.toContain(kept);
    const later = await start(nowMs + dayMs);
    expect(later.sessions.find(kept, present)).toEqual(anna);
    expect(later.sessions.find(left, present)).toBeUndefined();
    const tooLate = await start(nowMs + 7 * dayMs);
    expect(tooLate.sessions.find(kept, present)).toBeUndefined();
    expect(lines).toEqual([]);
  });

  it('does not bring back a session that a changed password or a removed name has ended', async () => {
    const { start } = setting();
    const first = await start(nowMs);
    const [changed, removed] = [await first.sessions.begin(anna), await first.sessions.begin(anna)];
    expect(
      first.sessions.find(changed, new Map([['anna', { ...anna, hash: 'h2' }]])),
    ).toBeUndefined();
    expect(first.sessions.find(removed, new Map())).toBeUndefined();
    await first.sessions.save();
    const { sessions } = await start(nowMs);
    expect([changed, removed].map((token) => sessions.find(token, present))).toEqual([
      undefined,
      undefined,
    ]);
  });

  it('counts no time when the clock was set back', async () => {
    const { start } = setting();
    const token = await (await start(nowMs)).sessions.begin(anna);
    const { sessions, clock } = await start(0);
    await clock.advance(7 * dayMs - 1);
    expect(sessions.find(token, present)).toEqual(anna);
  });

  it('saves their use now and then', async () => {
    const { start, path } = setting();
    const { sessions, clock } = await start(nowMs);
    const token = await sessions.begin(anna);
    const before = readFileSync(path, 'utf8');
    sessions.find(token, present);
    await clock.advance(11 * 60_000);
    sessions.find(token, present);
    await sessions.save();
    expect(readFileSync(path, 'utf8')).not.toBe(before);
  });

  const wrong: readonly (readonly [string, (path: string, text: string) => void])[] = [
    ['is cut', (path, text) => writeFileSync(path, text.slice(0, 50))],
    ['is empty', (path) => writeFileSync(path, '')],
    ['is of a later version', (path, text) => writeFileSync(path, text.replace(':1,', ':2,'))],
    ['has other types', (path, text) => writeFileSync(path, text.replace('"anna"', '7'))],
    ['may be read by others', (path) => chmodSync(path, 0o640)],
  ];
  it.each(wrong)('that %s has no sessions, and the log says so', async (_, damage) => {
    const { path, start, lines } = setting();
    const token = await (await start(nowMs)).sessions.begin(anna);
    damage(path, readFileSync(path, 'utf8'));
    const { sessions } = await start(nowMs);
    expect(sessions.find(token, present)).toBeUndefined();
    expect(lines).toEqual([expect.stringContaining('cannot read the sessions')]);
    const next = await sessions.begin(anna);
    expect((await start(nowMs)).sessions.find(next, present)).toEqual(anna);
  });

  it('is not read by a link', async () => {
    const { path, start, lines } = setting();
    const token = await (await start(nowMs)).sessions.begin(anna);
    writeFileSync(`${path}.other`, readFileSync(path), { mode: 0o600 });
    const other = setting();
    symlinkSync(`${path}.other`, other.path);
    expect((await other.start(nowMs)).sessions.find(token, present)).toBeUndefined();
    expect(other.lines).toHaveLength(1);
    expect(lines).toEqual([]);
  });

  it('is removed when it cannot be written, since it would bring back ended sessions', async () => {
    const { path, start, lines } = setting();
    const { sessions } = await start(nowMs);
    const token = await sessions.begin(anna);
    // A folder in the place of the new file: rm without recursive fails, as on a disk with an error.
    mkdirSync(join(`${path}.part`, 'inner'), { recursive: true });
    await sessions.end([token]);
    expect(existsSync(path)).toBe(false);
    expect(lines).toEqual([expect.stringContaining('cannot save the sessions')]);
  });
});

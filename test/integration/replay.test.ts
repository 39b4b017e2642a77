/** `agent replay` as a process, over the frames of one real visit. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root, run, startAgent } from '../support/programs.js';
import { temporaryDirectory } from '../support/temporary.js';
import { visitFrames } from '../agent/detect/pictures.js';

const visit = `${root}test/fixtures/visit`;
const agent = (...args: string[]) => run(process.execPath, [`${root}dist/agent.js`, ...args]);

interface Line {
  readonly frame: string;
  readonly folder?: string;
  readonly changed: boolean;
  readonly event: string | null;
  readonly sent: boolean;
  readonly reason: string | null;
  readonly error?: string;
}
const linesOf = (text: string): Line[] =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);

describe('agent replay', () => {
  it('prints the agent’s decision on each frame, one line each, in order', async () => {
    const { code, stdout } = await agent('replay', visit, '--json', '--fps', '1');
    const lines = linesOf(stdout);
    expect(lines.map(({ frame }) => frame)).toEqual(visitFrames.map(({ name }) => name));
    const keys = [
      'frame',
      'changed',
      'event',
      'sent',
      'reason',
      'ratio',
      'boxes',
      'strength',
      'ms',
    ];
    for (const line of lines) expect(Object.keys(line)).toEqual(keys);
    expect(lines[0]).toMatchObject({ changed: false, sent: true, reason: 'first', event: null });
    const visited = lines.filter(
      ({ frame }) => visitFrames.find((each) => each.name === frame)?.isVisit,
    );
    expect(visited.every(({ changed, sent }) => changed && sent)).toBe(true);
    expect(new Set(visited.map(({ event }) => event)).size).toBe(1);
    expect(lines.slice(0, 6).every(({ changed }) => !changed)).toBe(true);
    expect(code).toBe(0);
  });

  it('prints a summary of the events, and reports when the times are assumed', async () => {
    const { code, stdout, stderr } = await agent('replay', visit);
    expect(stderr).toContain('assuming 5 frames per second; set --fps');
    const lines = stdout.trimEnd().split('\n');
    expect(lines[0]).toMatch(/^ +began +lasted +changed +sent +largest +where +first frame$/);
    expect(lines[1]).toMatch(/^1 +0:00:01\.2 .* f00\d+\.jpg$/);
    expect(lines[2]).toMatch(/^22 frames: \d+ changed, in 1 event; \d+ sent \(1 first/);
    expect(lines[3]).toMatch(/^22 frames analysed, \d+ per second$/);
    expect(code).toBe(0);
  });

  it('compares other settings', async () => {
    const { code, stdout } = await agent('replay', visit, '--tune', '--json', '--fps', '2.5');
    const settings = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { present: boolean; events: number });
    expect(settings).toHaveLength(25);
    expect(settings.filter(({ present }) => present)).toEqual([
      expect.objectContaining({ sensitivity: 0.5, minArea: 0.002, events: 1 }),
    ]);
    expect(code).toBe(0);
  });

  it('reports an unreadable file in its place, and continues', async () => {
    const folder = temporaryDirectory();
    const names = visitFrames.slice(0, 4).map(({ name }) => name);
    for (const name of names) copyFileSync(join(visit, name), join(folder, name));
    writeFileSync(join(folder, 'f00206.jpg'), 'no picture');
    mkdirSync(join(folder, 'f00207.jpg'));
    const { code, stdout, stderr } = await agent('replay', folder, '--json', '--fps', '5');
    const lines = linesOf(stdout);
    expect(lines.map(({ frame }) => frame)).toEqual([names[0], 'f00206.jpg', ...names.slice(1)]);
    expect(lines[1]).toMatchObject({ changed: false, sent: false, event: null });
    expect(lines[1]?.error).toContain('damaged');
    expect(stderr).toContain('frame skipped frame=f00206.jpg');
    expect(stderr).toContain('analysed=4 skipped=1');
    expect(code).toBe(0);
  });

  it('fails when no file is readable', async () => {
    const folder = temporaryDirectory();
    writeFileSync(join(folder, 'a.jpg'), 'no picture');
    const { code, stderr } = await agent('replay', folder);
    expect(stderr).toContain('none of 1 frames could be decoded');
    expect(code).toBe(1);
  });

  it('detects for each camera separately and prints the camera of each frame', async () => {
    const folder = temporaryDirectory();
    // The second camera has another view: as one camera's, its frames would all be changes.
    for (const [camera, frame] of [
      ['door', 'f00205.jpg'],
      ['yard', 'f00341.jpg'],
    ] as const) {
      mkdirSync(join(folder, camera));
      for (const name of ['1.jpg', '2.jpg'])
        copyFileSync(join(visit, frame), join(folder, camera, name));
    }
    const { stdout } = await agent('replay', folder, '--json', '--fps', '1');
    expect(linesOf(stdout).map(({ folder: at, frame, reason }) => [at, frame, reason])).toEqual([
      [join(folder, 'door'), '1.jpg', 'first'],
      [join(folder, 'door'), '2.jpg', null],
      [join(folder, 'yard'), '1.jpg', 'first'],
      [join(folder, 'yard'), '2.jpg', null],
    ]);
  });

  it('draws the changed frames into a given folder', async () => {
    const folder = join(temporaryDirectory(), 'drawn');
    const frames = ['f00205.jpg', 'f00209.jpg', 'f00341.jpg'].map((name) => join(visit, name));
    const { code } = await agent('replay', ...frames, '--explain', folder, '--fps', '1');
    expect(readdirSync(folder)).toEqual(['f00341.png']);
    expect(statSync(join(folder, 'f00341.png')).size).toBeGreaterThan(1000);
    expect(code).toBe(0);
  });

  it('draws near misses and quiet frames on request, and a visit as one strip', async () => {
    const drawn = async (...flags: string[]) => {
      const folder = join(temporaryDirectory(), 'drawn');
      const { code } = await agent('replay', visit, '--fps', '1', '--explain', folder, ...flags);
      expect(code).toBe(0);
      return readdirSync(folder);
    };
    expect(await drawn('--explain-frames', 'all')).toHaveLength(22);
    expect(await drawn('--explain-as', 'strip')).toEqual(['f00233-visit.png']);
  });

  it('writes a page, whole, beside the summary or the lines', async () => {
    const folder = temporaryDirectory();
    const path = join(folder, 'page.html');
    const { code, stdout } = await agent('replay', visit, '--fps', '1', '--html', path);
    expect(stdout).toContain('22 frames: 11 changed, in 1 event');
    expect(code).toBe(0);
    expect(readdirSync(folder)).toEqual(['page.html']);
    expect(statSync(path).size).toBeLessThan(300_000);
    const again = await agent('replay', visit, '--fps', '1', '--html', path, '--json');
    expect(linesOf(again.stdout)).toHaveLength(22);
    expect(readdirSync(folder)).toEqual(['page.html']);
  });

  it('ends without an error when its reader closes the pipe', () => {
    const script = `'${process.execPath}' '${root}dist/agent.js' replay '${visit}' --json --fps 5 | head -n 1; echo "$\{PIPESTATUS[0]}"`;
    const { stdout, stderr } = spawnSync('bash', ['-c', script], { encoding: 'utf8' });
    const [line = '', code] = stdout.trim().split('\n');
    expect(JSON.parse(line)).toMatchObject({ frame: 'f00205.jpg' });
    expect([code, stderr]).toEqual(['0', '']);
  });

  it('prints the summary so far when it is interrupted', async () => {
    const folder = temporaryDirectory();
    // Long enough to be interrupted after the first line on any machine.
    const { jpeg } = visitFrames[0]!;
    for (let index = 0; index < 2000; index += 1) writeFileSync(join(folder, `${index}.jpg`), jpeg);
    const running = startAgent(['replay', folder, folder + '/0.jpg', '--json', '--fps', '5']);
    await running.says('"frame":"0.jpg"');
    expect(await running.stop('SIGINT')).toBe(0);
    expect(running.stderr()).toMatch(/replayed analysed=\d+ skipped=0 remaining=[1-9]\d+/);
  });

  it.each([
    [[], 'no frames are given'],
    [['/nowhere'], 'cannot read /nowhere'],
    [[visit, '--fps', '0'], 'must be a number of frames per second'],
    [[visit, '--tune', '--explain', '/tmp/x'], 'cannot be combined with --tune'],
    [[visit, '--tune', '--html', '/tmp/x.html'], 'cannot be combined with --tune'],
    [[visit, '--html', '/nowhere/x.html'], 'the page cannot be written there'],
    [[visit, '--explain-frames', 'some'], 'must be changes or near or all'],
    [[visit, '--mask', '/nowhere.png'], '--mask /nowhere.png'],
    [[visit, '--host', 'a'], 'unknown flag --host'],
  ])('refuses %j', async (args, words) => {
    const { code, stderr } = await agent('replay', ...args);
    expect(stderr).toContain(words);
    expect(code).toBe(2);
  });
});

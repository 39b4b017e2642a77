/** What a viewer can do by the control folder: keep, unkeep, and nothing else, whatever it puts there. */
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { askToKeep } from '../../../../receiver/web/control/ask-to-keep.js';
import { serveRequests } from '../../../../receiver/web/control/serve-requests.js';
import { keepInStore } from '../../../../receiver/web/keep-frames.js';
import { systemClock } from '../../../../shared/clock.js';
import { eventually } from '../../../support/eventually.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { keptLog } from '../../../support/log.js';
import { temporaryDirectory } from '../../../support/temporary.js';
import { MadeRecords, hashOf, startMs } from '../queries/made-records.js';

const frame = {
  ...{ utcOffsetMinutes: 0, changed: true, strength: 1, lines: 1 },
  ...{ isDeleted: false, isKept: false },
};

function setting() {
  const records = new MadeRecords();
  records.add([1, 2, 3].map((n) => ({ ...frame, atMs: startMs + n, event: 'a' })));
  for (const { day, name } of records.frames) {
    writeFileSync(join(records.directory, day, name), 'jpeg');
  }
  const day = records.frames[0]?.day ?? '';
  const control = temporaryDirectory();
  for (const name of ['requests', 'answers']) mkdirSync(join(control, name));
  const { log, lines } = keptLog();
  const ending = new AbortController();
  const running: Promise<void>[] = [];
  onTestFinished(async () => {
    ending.abort();
    await Promise.all(running);
  });
  const record = () => readFileSync(join(records.directory, day, 'record.jsonl'), 'utf8');
  return {
    ...{ control, lines, record, records, day },
    requests: join(control, 'requests'),
    answers: join(control, 'answers'),
    /** Serves with this clock until the test ends, or the run does. */
    serve: (clock: FakeClock | typeof systemClock = systemClock): Promise<void> => {
      const keep = (wish: unknown) => keepInStore(records.directory, wish, clock);
      const run = serveRequests({ control, keep, clock, log, signal: ending.signal });
      running.push(run);
      return run;
    },
    notes: () =>
      record()
        .split('\n')
        .filter((line) => /"(?:un)?kept"/.test(line)),
    url: (line = 0, hash = hashOf(1), path = day) => `frame/${path}/${line}/${hash}.jpg`,
  };
}

/** A second later, when the server has looked once more. */
async function nextLook(clock: FakeClock): Promise<void> {
  const looks = clock.pauses.length;
  await clock.advance(1000);
  await eventually(() => clock.pauses.length > looks, 'the end of a look');
}

const nameOf = (n: number): string => `${n.toString(16).padStart(32, '0')}.json`;

describe('a request to keep', () => {
  it('is done by the other service, which answers and removes it', async () => {
    const { control, requests, answers, serve, notes, url } = setting();
    void serve();
    const ask = (wish: object) => askToKeep(control, wish, systemClock);
    const wish = { camera: 'yard', frame: url(), keep: true, note: 'mine' };
    expect(await ask(wish)).toEqual({ waiting: false });
    expect(notes()).toHaveLength(1);
    expect(notes()[0]).toContain('mine');
    expect(await ask({ camera: 'yard', event: 'a', keep: false })).toEqual({ waiting: false });
    expect(notes()[1]).toContain('"unkept"');
    expect(readdirSync(requests)).toEqual([]);
    expect(readdirSync(answers)).toHaveLength(2);
    await expect(ask({ camera: 'yard', event: 'b', keep: true })).rejects.toMatchObject({
      ...{ status: 410, code: 'gone' },
    });
    expect(notes()).toHaveLength(2);
  });

  it('waits while no service answers, and is done later', async () => {
    const { control, requests, serve, notes } = setting();
    const clock = new FakeClock();
    const asked = askToKeep(control, { camera: 'yard', event: 'a', keep: true }, clock);
    let answer: unknown;
    void asked.then((value) => (answer = value));
    await eventually(async () => {
      await clock.advance(1000);
      return answer !== undefined;
    }, 'the answer');
    expect(answer).toEqual({ waiting: true });
    expect(readdirSync(requests)).toHaveLength(1);
    void serve();
    await eventually(() => notes().length === 1, 'the frame is kept');
  });

  it('is refused while many others wait, and where there is no folder', async () => {
    const { control, requests } = setting();
    const ask = (at: string) =>
      askToKeep(at, { camera: 'yard', event: 'a', keep: true }, systemClock);
    for (let n = 0; n < 32; n += 1) writeFileSync(join(requests, nameOf(n)), '{}');
    await expect(ask(control)).rejects.toMatchObject({ status: 503, code: 'busy' });
    expect(readdirSync(requests)).toHaveLength(32);
    await expect(ask(join(control, 'none'))).rejects.toMatchObject({ status: 500 });
  });

  it('is not done twice by a run that was killed before it removed it', async () => {
    const { requests, answers, serve, notes } = setting();
    writeFileSync(join(answers, nameOf(1)), 'left by a killed run');
    const wish = { camera: 'yard', event: 'a', keep: true };
    writeFileSync(join(requests, nameOf(1)), JSON.stringify(wish));
    void serve();
    await eventually(() => readdirSync(requests).length === 0, 'the request is served');
    expect(readFileSync(join(answers, nameOf(1)), 'utf8')).toBe('{"done":true}');
    expect(notes()).toHaveLength(1);
  });
});

describe('a hostile viewer', () => {
  const wish = JSON.stringify({ camera: 'yard', event: 'a', keep: true, note: 'planted' });

  it('gains nothing by what is no request', async () => {
    const { requests, serve, notes, control, url, day } = setting();
    const outside = join(control, 'secret');
    writeFileSync(outside, wish);
    const plant: ((path: string) => void)[] = [
      (path) => symlinkSync(outside, path),
      (path) => symlinkSync('/dev/zero', path),
      (path) => execFileSync('mkfifo', [path]),
      (path) => mkdirSync(path),
      (path) => {
        writeFileSync(path, wish);
        truncateSync(path, 2 ** 33);
      },
      (path) => writeFileSync(path, `${wish}${' '.repeat(9000)}`),
      (path) => writeFileSync(path, 'null'),
      (path) => writeFileSync(path, ''),
      (path) => writeFileSync(path, `[${wish}]`),
    ];
    const bodies = [
      { camera: '../../etc', event: 'a', keep: true },
      { camera: 'yard', event: '../../a', keep: true },
      { camera: 'yard', event: 'a', frame: url(), keep: true },
      { camera: 'yard', event: 'a', keep: true, note: 'x'.repeat(1001) },
      { camera: 'yard', event: 'a', keep: true, note: 'two\nlines' },
      { camera: 'yard', frame: url(0, hashOf(9)), keep: true },
      { camera: 'yard', frame: url(3), keep: true },
      { camera: 'yard', frame: url(0, hashOf(1), day.replace('yard', 'barn')), keep: true },
      { camera: 'barn', frame: url(), keep: true },
      { camera: 'barn', event: 'a', keep: true },
      { camera: 'yard', event: 'none', keep: true },
    ];
    plant.forEach((act, index) => act(join(requests, nameOf(index))));
    writeFileSync(join(requests, 'other.json'), wish);
    writeFileSync(join(requests, `${nameOf(7)}.txt`), wish);
    void serve();
    await eventually(() => readdirSync(requests).length === 0, 'all is removed');
    bodies.forEach((body, index) => {
      writeFileSync(join(requests, nameOf(100 + index)), JSON.stringify(body));
    });
    await eventually(() => readdirSync(requests).length === 0, 'all is refused');
    expect(notes()).toEqual([]);
    expect(readFileSync(outside, 'utf8')).toBe(wish);
  });

  it('keeps no more than the budget allows, however much it asks for', async () => {
    const { requests, serve, notes } = setting();
    for (let n = 0; n < 60; n += 1) writeFileSync(join(requests, nameOf(n)), wish);
    const clock = new FakeClock();
    void serve(clock);
    await eventually(() => clock.pauses.length === 1, 'the end of the first look');
    expect(notes()).toHaveLength(20);
    for (let seconds = 1; seconds <= 12; seconds += 1) {
      await nextLook(clock);
      expect(notes()).toHaveLength(20 + Math.floor(seconds / 2));
    }
  });

  it('cannot make a run end at once by what cannot be removed', async () => {
    const { requests, serve, lines } = setting();
    mkdirSync(join(requests, 'full', 'inner'), { recursive: true });
    const clock = new FakeClock();
    let isOver = false;
    void serve(clock).then(() => (isOver = true));
    await eventually(() => clock.pauses.length === 1, 'the end of the first look');
    for (let seconds = 1; seconds < 60; seconds += 1) await nextLook(clock);
    expect(isOver).toBe(false);
    expect(lines.filter((line) => line.includes('cannot remove'))).toHaveLength(1);
    await eventually(async () => {
      await clock.advance(1000);
      return isOver;
    }, 'the run ends');
    expect(existsSync(join(requests, 'full'))).toBe(true);
  });

  it('does not reach what a link of its own name leads to', async () => {
    const { requests, serve, notes, records, day } = setting();
    // Removing a name that is also elsewhere leaves the other one.
    const record = join(records.directory, day, 'record.jsonl');
    linkSync(record, join(requests, nameOf(1)));
    void serve();
    await eventually(() => readdirSync(requests).length === 0, 'it is removed');
    expect(notes()).toEqual([]);
    expect(existsSync(record)).toBe(true);
  });
});

describe('a run', () => {
  it('ends some seconds after the last request, and removes old answers', async () => {
    const { requests, answers, serve } = setting();
    const clock = new FakeClock(Date.now() + 120_000);
    writeFileSync(join(answers, nameOf(1)), '{}');
    writeFileSync(join(requests, nameOf(2)), '{}');
    let isOver = false;
    void serve(clock).then(() => (isOver = true));
    await eventually(async () => {
      await clock.advance(500);
      return isOver;
    }, 'the run ends');
    expect(readdirSync(requests)).toEqual([]);
    expect(readdirSync(answers)).toEqual([]);
  });
});

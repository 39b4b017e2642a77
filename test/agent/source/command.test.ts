/** The source command, with real programs that write, hang, end, crash or do not start. */
import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openCommand } from '../../../agent/source/command.js';
import { UsageError } from '../../../shared/cli/errors.js';
import { eventually } from '../../support/eventually.js';
import { FakeClock } from '../../support/fake-clock.js';
import { makeJpeg } from '../../support/pictures.js';
import { fixtureProgram, isRunning, writtenPids } from '../../support/processes.js';
import { temporaryDirectory } from '../../support/temporary.js';

const quietTimeoutMs = 7777;
const boundary = '\r\n--frame\r\nContent-Type: image/jpeg\r\n\r\n';
const first = makeJpeg(1);
const second = makeJpeg(2);
const third = makeJpeg(3);

/** A JPEG without its end marker. */
const cut = first.subarray(0, first.length - 2);

/** A source that starts `command`, and the clock of its timeout. */
function open(command: readonly string[], changes: { maxFrameBytes?: number } = {}) {
  const clock = new FakeClock();
  const source = openCommand({
    command,
    clock,
    maxFrameBytes: changes.maxFrameBytes ?? 2 ** 20,
    quietTimeoutMs,
  });
  onTestFinished(() => source.close());
  const { signal } = new AbortController();
  return { source, clock, next: () => source.next(signal) };
}

/** A file with these bytes. */
function file(...parts: readonly (Buffer | string)[]): string {
  const path = join(temporaryDirectory(), 'a file; $(touch x)');
  writeFileSync(path, Buffer.concat(parts.map((part) => Buffer.from(part))));
  return path;
}

/** A command that runs these steps: see the fixture. */
function writer(...steps: readonly string[]): string[] {
  return [fixtureProgram('writer.mjs'), ...steps];
}

/** A file that programs append marks to; `times` waits for a number of marks. */
function marks() {
  const path = join(temporaryDirectory(), 'marks');
  return { path, times: (count: number) => writtenPids(path, count) };
}

/** Lets the event loop read everything that was written to pipes before. */
async function readPipes(): Promise<void> {
  for (let n = 0; n < 3; n += 1) await new Promise((resolve) => setTimeout(resolve, 0));
}

const camera = (message: RegExp): object => ({
  code: 'CAMERA',
  message: expect.stringMatching(message) as unknown,
});

describe('source command', () => {
  it('starts no program before the first call', async () => {
    const started = marks();
    const { source, next } = open(writer(`mark:${started.path}`, file(first)));
    expect(existsSync(started.path)).toBe(false);
    await next();
    expect(await started.times(1)).toHaveLength(1);
    expect(source).toMatchObject({ pace: 'stream', name: `command ${writer()[0] ?? ''}` });
  });

  it('returns a frame byte for byte, with the time of its last byte', async () => {
    const { source, clock, next } = open(writer(file(first)));
    expect(await next()).toEqual({
      jpeg: first,
      capturedAtMs: clock.nowMs(),
      origin: source.name,
    });
  });

  it('returns the newest frame, and no frame twice', async () => {
    const { clock, next } = open(writer(file(first, second, third)));
    expect(await next()).toMatchObject({ jpeg: third, skipped: 2 });
    const waiting = next();
    await eventually(() => clock.pauses.includes(quietTimeoutMs), 'a call that waits');
    await clock.advance(quietTimeoutMs);
    await expect(waiting).rejects.toMatchObject(camera(/wrote nothing/));
  });

  it('skips multipart boundaries, damaged frames and frames above the limit', async () => {
    const large = makeJpeg(1, { widthPx: 640, heightPx: 480 });
    const stream = file(
      boundary,
      first,
      boundary,
      second,
      boundary,
      cut,
      boundary,
      large,
      boundary,
    );
    const { next } = open(writer(stream), { maxFrameBytes: large.length - 1 });
    expect((await next()).jpeg).toEqual(second);
  });

  it('reads continuously between calls, so that the program never blocks', async () => {
    const done = marks();
    const last = file(third);
    const { next } = open(
      writer(file(first), `many:20000:${file(second)}`, last, `mark:${done.path}`),
    );
    await next();
    await done.times(1);
    await readPipes();
    expect((await next()).jpeg).toEqual(third);
  });

  it('requires a program', () => {
    expect(() => open([])).toThrow(UsageError);
    expect(() => open([''])).toThrow(UsageError);
  });
});

describe('source command: a program that ends', () => {
  it('is reported with exit status and last stderr lines, after its last frame', async () => {
    const { next } = open(writer('say:no camera\nsorry', file(first), 'exit:3'));
    expect((await next()).jpeg).toEqual(first);
    await expect(next()).rejects.toMatchObject(
      camera(/writer\.mjs ended \(exit status 3\); stderr: no camera \/ sorry$/),
    );
  });

  it('is restarted after pauses that double up to a minute, until it delivers', async () => {
    const picture = join(temporaryDirectory(), 'picture');
    const { clock, next } = open(['sh', '-c', `cat '${picture}'; exit 1`]);
    const pauses = (): number[] => clock.pauses.filter((ms) => ms !== quietTimeoutMs);
    const failAfterPause = async (count: number): Promise<void> => {
      const failed = expect(next()).rejects.toMatchObject(camera(/ended/));
      await eventually(() => pauses().length >= count, `pause ${count}`);
      await clock.advance(pauses().at(-1) ?? 0);
      await failed;
    };
    await expect(next()).rejects.toMatchObject(camera(/ended/));
    for (let count = 1; count <= 8; count += 1) await failAfterPause(count);
    expect(pauses()).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);

    writeFileSync(picture, first);
    const frame = next();
    await eventually(() => pauses().length >= 9, 'pause 9');
    await clock.advance(60_000);
    expect((await frame).jpeg).toEqual(first);
    await expect(next()).rejects.toMatchObject(camera(/ended/));
    rmSync(picture);
    await failAfterPause(10);
    expect(pauses().at(-1)).toBe(1000);
  });

  it('is reported with the signal that ended it', async () => {
    const { next } = open(['sh', '-c', 'kill -SEGV $$']);
    await expect(next()).rejects.toMatchObject(
      camera(/^sh ended \(killed by SIGSEGV\); stderr is empty$/),
    );
  });
});

describe('source command: a program that takes one picture', () => {
  it('is started for each call, at most once a second, and its end is no failure', async () => {
    const started = marks();
    const { clock, next } = open(writer(`mark:${started.path}`, file(first), 'exit:0'));
    expect((await next()).jpeg).toEqual(first);
    const soon = next();
    await eventually(() => clock.pauses.includes(1000), 'the wait for the next start');
    expect(await started.times(1)).toHaveLength(1);
    await clock.advance(1000);
    expect((await soon).jpeg).toEqual(first);
    await clock.advance(5000);
    expect((await next()).jpeg).toEqual(first);
    expect(await started.times(3)).toHaveLength(3);
  });

  it('is called failed when it ends without a picture, or with another status', async () => {
    for (const steps of [['exit:0'], [file(cut), 'exit:0'], [file(first), 'exit:1']]) {
      const { next } = open(writer(...steps));
      if (steps.length === 2 && steps[1] === 'exit:1') expect((await next()).jpeg).toEqual(first);
      await expect(next()).rejects.toMatchObject(camera(/writer\.mjs ended \(exit status [01]\)/));
    }
  });
});

describe('source command: a program that cannot be started', () => {
  it('is named when it does not exist', async () => {
    const { next } = open(['no-such-program-there']);
    await expect(next()).rejects.toMatchObject(camera(/^program no-such-program-there not found$/));
  });

  it('is named when it is not executable', async () => {
    const path = file('words');
    chmodSync(path, 0o644);
    await expect(open([path]).next()).rejects.toMatchObject(camera(/^cannot start \//));
  });
});

describe('source command: a program that delivers no frame', () => {
  it('is ended with its child processes, though it ignores SIGTERM, and restarted', async () => {
    const pidFile = join(temporaryDirectory(), 'pids');
    const { clock, next } = open([fixtureProgram('stubborn.sh'), pidFile]);
    const silent = expect(next()).rejects.toMatchObject(camera(/wrote nothing for 7777ms/));
    const pids = await writtenPids(pidFile, 2);
    await clock.advance(quietTimeoutMs);
    await silent;
    await eventually(() => !pids.some(isRunning), 'the end of the whole group');

    const silentAgain = expect(next()).rejects.toMatchObject(camera(/wrote nothing/));
    await eventually(() => clock.pauses.includes(1000), 'the pause');
    await clock.advance(1000);
    await eventually(() => readFileSync(pidFile, 'utf8') !== `${pids.join(' ')}\n`, 'a new start');
    await clock.advance(quietTimeoutMs);
    await silentAgain;
  });

  it.each([
    [
      'no JPEG',
      ['no picture at all'],
      /wrote 17 bytes in 7777ms and no complete frame; stderr: hm$/,
    ],
    [
      'damaged frames',
      [cut, cut, cut],
      /no complete frame \(2 skipped, the last: a new picture begins before its end\)/,
    ],
  ])('is reported with its output when it wrote %s', async (_, parts, message) => {
    const done = marks();
    const { clock, next } = open(writer('say:hm', file(...parts), `mark:${done.path}`));
    const silent = expect(next()).rejects.toMatchObject({
      ...camera(message),
      hint: expect.stringContaining('MJPEG') as unknown,
    });
    await done.times(1);
    await readPipes();
    await clock.advance(quietTimeoutMs);
    await silent;
  });
});

describe('source command: end', () => {
  it('rejects with the reason of an abort when the program and its group have ended', async () => {
    const pidFile = join(temporaryDirectory(), 'pids');
    const { source } = open([fixtureProgram('stubborn.sh'), pidFile]);
    const abort = new AbortController();
    const waiting = source.next(abort.signal);
    const [leader, forked] = await writtenPids(pidFile, 2);
    abort.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow(expect.objectContaining({ message: 'enough' }));
    expect(isRunning(leader!)).toBe(false);
    await eventually(() => !isRunning(forked!), 'the end of the whole group');
  });

  it('ends the program on close, also while a call waits', async () => {
    const started = marks();
    const { source, next } = open(writer(file(first), `mark:${started.path}`));
    await next();
    const waiting = expect(next()).rejects.toThrow(Error);
    const [pid] = await started.times(1);
    await source.close();
    await waiting;
    expect(isRunning(pid!)).toBe(false);
  });

  it('does not wait for the end of a pause', async () => {
    const { source, clock } = open(['no-such-program-there']);
    const abort = new AbortController();
    await expect(source.next(abort.signal)).rejects.toMatchObject(camera(/not found/));
    const waiting = source.next(abort.signal);
    await eventually(() => clock.pauses.includes(1000), 'the pause');
    abort.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow(expect.objectContaining({ message: 'enough' }));
  });
});

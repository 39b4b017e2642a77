/** Frames before, in and after an event, through the real pair; one-shot runs also with kills. */
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { filesBelow } from '../support/files.js';
import { missing, root, start, startAgent, startReceiverProgram } from '../support/programs.js';
import { temporaryDirectory } from '../support/temporary.js';
import { emptyFrames, leftFrames, putFrame, recordOf, visitedFrames } from '../support/visit.js';

const noStrace = missing('strace', 'strace');
const noonMs = Date.UTC(2026, 10, 22, 12);
const [empty = Buffer.alloc(0)] = emptyFrames;
const selection = ['--before', '2', '--after', '1'];

describe('a watching agent', () => {
  it('sends frames before and after an event with it, in the order of capture', async () => {
    const directory = temporaryDirectory();
    const folder = temporaryDirectory();
    const receiver = await startReceiverProgram(directory);
    const agent = startAgent([
      ...['--host', receiver.address, '--camera', 'yard', '--source', `folder:${folder}`],
      ...['--state', temporaryDirectory(), '--json', ...selection],
    ]);
    await agent.says('watching');
    const frames = [...emptyFrames, ...visitedFrames, ...leftFrames];
    const visitEnd = emptyFrames.length + visitedFrames.length;
    for (const [index, jpeg] of frames.entries()) {
      putFrame(join(folder, `${index}.jpg`), jpeg, noonMs + index * 1000);
      // Two quiet frames are buffered, except the first of all and the first after the event. No line reports a
      // buffered frame: up to three files arrive at once, and are processed in their order.
      const quietSince = index < emptyFrames.length ? 0 : Math.min(index, visitEnd);
      const isVisit = index >= emptyFrames.length && index < visitEnd;
      const held = isVisit ? 0 : Math.min(2, index - quietSince);
      const isTaken = () => agent.stdout().split('\n').length - 1 === index + 1 - held;
      await eventually(isTaken, `frame ${index} taken`);
    }
    expect(await agent.stop()).toBe(0);

    const lines = agent
      .stdout()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Line);
    expect(lines.map(({ capturedAtMs }) => capturedAtMs)).toEqual(
      frames.map((_, index) => noonMs + index * 1000),
    );
    const { length } = emptyFrames;
    const reasons = frames.map((_, index) => {
      if (index === 0) return 'first';
      if (index < length - 2) return undefined;
      if (index < length) return 'before';
      if (index < length + visitedFrames.length) return 'change';
      return index === length + visitedFrames.length ? 'after' : undefined;
    });
    expect(lines.map(({ verdict }) => verdict.reason)).toEqual(reasons);
    expect(lines.map(({ verdict }) => verdict.sent)).toEqual(reasons.map((r) => r !== undefined));

    const record = recordOf(directory, 'yard');
    const sent = lines.filter(({ verdict }) => verdict.sent);
    expect(record.map(({ captured }) => captured)).toEqual(
      sent.map(({ capturedAtMs }) => capturedAtMs),
    );
    for (const [index, { verdict }] of record.entries()) {
      const { sent: _sent, ...said } = sent[index]!.verdict;
      expect(_sent).toBe(true);
      expect(verdict).toEqual(said);
    }
    const event = String(noonMs + length * 1000);
    expect(new Set(record.slice(1).map(({ verdict }) => verdict.event))).toEqual(new Set([event]));
  });
});

interface Line {
  readonly capturedAtMs: number;
  readonly verdict: Readonly<Record<string, unknown>>;
}

/** A camera that overwrites one file, with a run of the agent for each frame. */
async function startTimer() {
  const directory = temporaryDirectory();
  const state = temporaryDirectory();
  const runtime = temporaryDirectory();
  const path = join(temporaryDirectory(), 'monitor.jpg');
  const { address } = await startReceiverProgram(directory);
  const args = [
    ...['--host', address, '--once', '--camera', 'yard', '--source', `file:${path}`],
    ...['--state', state, '--json', ...selection],
  ];
  const env = { XDG_RUNTIME_DIR: runtime };
  let shown = 0;
  const show = (jpeg: Buffer): void => putFrame(path, jpeg, noonMs + 1000 * shown++);
  const shoot = async (...more: string[]) => {
    const agent = startAgent([...args, ...more], { env });
    return { code: await agent.ended, stderr: agent.stderr(), stdout: agent.stdout() };
  };
  const look = async (jpeg: Buffer) => {
    show(jpeg);
    return shoot();
  };
  /** A run that is killed at the start of a system call, named as in strace. */
  const lookAndDie = async (jpeg: Buffer, injected: string, path?: string): Promise<void> => {
    show(jpeg);
    const [call = ''] = injected.split(':');
    const traced = start(
      'strace',
      [
        ...[
          '-D',
          '-f',
          '-qq',
          '-o',
          '/dev/null',
          '-e',
          `trace=${call}`,
          '-e',
          `inject=${injected}`,
        ],
        ...[...(path === undefined ? [] : ['-P', path])],
        ...[process.execPath, `${root}dist/agent.js`, ...args],
      ],
      // strace counts calls for each thread, and does not see io_uring.
      { env: { ...env, UV_USE_IO_URING: '0', UV_THREADPOOL_SIZE: '1' } },
    );
    expect(await traced.ended).toBe('SIGKILL');
  };
  /** Number of each stored frame, from its time, and its reason, in the order of the spool. */
  const stored = () =>
    recordOf(directory, 'yard').map(({ captured, verdict }) => [
      (captured - noonMs) / 1000,
      verdict.reason,
    ]);
  return { directory, state, runtime, path, shoot, look, lookAndDie, stored };
}

/** Files in a runtime directory: buffered frames. */
const heldIn = (runtime: string): string[] => filesBelow(runtime);

describe('one-shot runs', () => {
  it('send frames before and after an event with it, and buffer no more than these', async () => {
    const { look, stored, runtime, directory } = await startTimer();
    const [coming = empty, going = empty] = visitedFrames;
    for (const jpeg of [empty, ...emptyFrames.slice(1, 4)]) {
      expect(await look(jpeg)).toMatchObject({ code: 0, stderr: '' });
    }
    expect(heldIn(runtime)).toHaveLength(2);
    for (const jpeg of [coming, going, ...leftFrames.slice(0, 2)]) {
      expect(await look(jpeg)).toMatchObject({ code: 0, stderr: '' });
    }
    expect(stored()).toEqual([
      ...[
        [0, 'first'],
        [2, 'before'],
        [3, 'before'],
      ],
      ...[
        [4, 'change'],
        [5, 'change'],
        [6, 'after'],
      ],
    ]);
    expect(heldIn(runtime)).toHaveLength(1);
    const [, second = ''] = filesBelow(directory);
    expect(readFileSync(join(directory, second))).toEqual(emptyFrames[2]);
  });

  it('do not use another user’s runtime directory, and report that', async () => {
    const { look, stored, runtime } = await startTimer();
    await look(empty);
    const [name = ''] = readdirSync(runtime);
    rmSync(join(runtime, name), { recursive: true });
    mkdirSync(join(runtime, name), { mode: 0o755 });
    for (const jpeg of [empty, visitedFrames[3]!]) {
      const { code, stderr } = await look(jpeg);
      expect(code).toBe(0);
      expect(stderr).toContain('cannot buffer frames for the next run error=');
      expect(stderr).toContain('has mode 755; other users must have no access');
    }
    expect(heldIn(runtime)).toEqual([]);
    expect(stored()).toEqual([
      [0, 'first'],
      [2, 'change'],
    ]);
  });

  it('drop a damaged buffered frame, and report that', async () => {
    const { look, stored, runtime } = await startTimer();
    for (const jpeg of emptyFrames.slice(0, 3)) await look(jpeg);
    truncateSync(join(runtime, heldIn(runtime)[0]!), 100);
    const { code, stderr } = await look(visitedFrames[3]!);
    expect(code).toBe(0);
    expect(stderr).toContain('buffered frames of an earlier run cannot be used frames=1');
    expect(stored().map(([, reason]) => reason)).toEqual(['first', 'before', 'change']);
  });
});

/** Each frame is renamed into the spool once; then the recorder's state is, before anything is delivered. */
const killedAtRename = (nth: number): string => `rename:signal=KILL:when=${nth}`;
const around = [
  [0, 'first'],
  [1, 'before'],
  [2, 'before'],
];

describe.skipIf(noStrace !== undefined)(`one-shot runs${noStrace ?? ''}`, () => {
  it.each<[when: string, rename: number, stored: unknown[]]>([
    ['before the first frame is spooled', 1, [...around, [4, 'change']]],
    ['between two frames before the change', 2, [...around, [4, 'change']]],
    ['between these frames and the change', 3, [...around, [4, 'change']]],
    ['before the state was saved', 4, [...around, [3, 'change'], [4, 'change']]],
  ])('killed %s lose no spooled frame and send none twice', async (_, rename, expected) => {
    const timer = await startTimer();
    for (const jpeg of emptyFrames.slice(0, 3)) await timer.look(jpeg);
    await timer.lookAndDie(visitedFrames[3]!, killedAtRename(rename));
    expect(await timer.look(visitedFrames[4]!)).toMatchObject({ code: 0 });
    expect(timer.stored()).toEqual(expected);
    expect(filesBelow(timer.directory).filter((name) => /-\d\.jpg$/.test(name))).toEqual([]);
    expect(heldIn(timer.runtime)).toEqual([]);
  });

  it('killed before the cleanup of the buffer keep the right frames', async () => {
    const { look, lookAndDie, runtime, stored } = await startTimer();
    for (const jpeg of emptyFrames.slice(0, 3)) await look(jpeg);
    const held = join(runtime, heldIn(runtime)[0]!);
    await lookAndDie(visitedFrames[3]!, 'unlink:signal=KILL', held);
    expect(heldIn(runtime)).toHaveLength(2);
    await look(visitedFrames[4]!);
    expect(stored()).toEqual([...around, [3, 'change'], [4, 'change']]);
    expect(heldIn(runtime)).toEqual([]);
  });

  it('killed, and followed by a run without a frame, send no frame twice', async () => {
    const { look, lookAndDie, path, shoot, stored } = await startTimer();
    for (const jpeg of emptyFrames.slice(0, 3)) await look(jpeg);
    await lookAndDie(visitedFrames[3]!, killedAtRename(4));
    rmSync(path);
    expect(await shoot('--shot-timeout', '200ms')).toMatchObject({ code: 1 });
    expect(stored()).toHaveLength(4);
    await look(visitedFrames[4]!);
    expect(stored().map(([frame]) => frame)).toEqual([0, 1, 2, 3, 4]);
  });

  it('killed, and followed by a run with the same file, send it once', async () => {
    const { lookAndDie, shoot, stored, state } = await startTimer();
    await lookAndDie(empty, killedAtRename(3));
    expect(existsSync(join(state, 'judge-memory'))).toBe(false);
    expect(await shoot()).toMatchObject({ code: 0 });
    expect(stored()).toEqual([[0, 'first']]);
  });
});

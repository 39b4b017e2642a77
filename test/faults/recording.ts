/** Runs one side of the pair under strace through all its operations, and reads the log. */
import { readFileSync, writeFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { AgentPeer, peerEpoch } from '../support/agent-peer.js';
import { eventually } from '../support/eventually.js';
import { type Running, start } from '../support/programs.js';
import { diskDirectory } from '../support/temporary.js';
import { numberedJpeg } from './camera.js';
import { filesIn } from './inventory.js';
import { sha256Of } from './power-cut.js';
import { Refuser } from './refuser.js';
import type { Programs } from './stage.js';
import { type Operation, readStraceLog, tracedCalls } from './strace-log.js';

export interface Recording {
  readonly operations: readonly Operation[];
  /** The folder below which the program's files are. */
  readonly rootPath: string;
  /** SHA-256 of every frame of the run. */
  readonly frames: ReadonlySet<string>;
}

/** Which flushes of a recorded program fail, from the first to the last, counted from its start. */
export interface FailingFlushes {
  readonly first: number;
  readonly last: number;
}

/** strace counts the calls of each thread separately. */
const oneThread = { UV_THREADPOOL_SIZE: '1' };

function injectionOf(flushes: FailingFlushes | undefined): string[] {
  if (flushes === undefined) return [];
  const { first, last } = flushes;
  return ['-e', `inject=fsync:error=EIO:when=${first}..${last}`];
}

export interface GivenFrame {
  readonly sequence: number;
  readonly capturedAtMs: number;
  readonly jpeg: Buffer;
}

/** Header fields of the frames that `recordReceiver` sends. */
export function headerOf({ sequence, capturedAtMs, jpeg }: GivenFrame) {
  return {
    epoch: peerEpoch,
    sequence,
    capturedAtMs,
    utcOffsetMinutes: 0,
    sha256: sha256Of(jpeg),
    verdict: { reason: 'change', ratio: 0.1, boxes: [] },
  };
}

const frameCount = 6;
/** Above the limit of the second receiver of `recordAgent`: it waits for the third, which refuses it for good. */
const refusedIndex = 4;
const jpegs = Array.from({ length: frameCount }, (_, index) =>
  numberedJpeg(index + 1, index === refusedIndex ? 6000 : 1500),
);
const frames = new Set(jpegs.map(sha256Of));
const firstAtMs = Date.UTC(2026, 10, 22);

/** The frames that `recordReceiver` sends. The last has the time of the first, hence the same plain name. */
export const givenFrames: readonly GivenFrame[] = jpegs.map((jpeg, index) => ({
  sequence: index + 1,
  capturedAtMs: firstAtMs + (index === frameCount - 1 ? 0 : index),
  jpeg,
}));

/** The sequence of the gap that `recordReceiver` sends. */
const noteSequence = frameCount + 1;

/**
 * A receiver that gets frames, one of them twice, one with another's plain name, and a gap, and is ended. Frames
 * that it refuses for now are sent again.
 */
export async function recordReceiver(
  { receiver }: Programs,
  flushes?: FailingFlushes,
): Promise<Recording> {
  const rootPath = diskDirectory();
  const args = [receiver, '--dir', rootPath, '--listen', '127.0.0.1:0', '--json'];
  const traced = startTraced(args, flushes);
  await traced.running.says('"listening"');
  const port = Number(/:(\d+)"/.exec(traced.running.stdout())?.[1]);
  const peer = await welcomed(port);
  await give(peer, givenFrames);
  await give(peer, givenFrames.slice(0, 1));
  await give(peer, [noteSequence]);
  peer.socket.end();
  return { operations: await traced.end(), rootPath, frames };
}

/** Attempts while a disk fails for a moment. */
const mostAttempts = 20;

/** Connects again, as an agent does, after a bye. */
async function welcomed(port: number): Promise<AgentPeer> {
  for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
    const peer = new AgentPeer(port);
    peer.hello();
    const { type } = await eventually(() => peer.messages[0], 'an answer to hello');
    if (type === 'welcome') return peer;
    peer.socket.end();
    await peer.over;
  }
  throw new Error(`the receiver has sent an agent away ${mostAttempts} times`);
}

/** Sends frames, and gaps by their sequence, until the receiver has acknowledged each. */
async function give(peer: AgentPeer, given: readonly (GivenFrame | number)[]): Promise<void> {
  let waiting = given;
  for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
    const before = peer.messages.length;
    for (const each of waiting) {
      if (typeof each === 'number') peer.dropped(each);
      else peer.frame(each.sequence, each.jpeg, headerOf(each));
    }
    const answers = await eventually(() => {
      const messages = peer.messages
        .slice(before)
        .filter((message) => message.type === 'stored' || message.type === 'refused');
      return messages.length >= waiting.length && messages;
    }, `${waiting.length} answers`);
    const refused = answers.filter(({ type }) => type === 'refused');
    const again = new Set(refused.map(({ sequence }) => sequence));
    waiting = waiting.filter((each) => again.has(typeof each === 'number' ? each : each.sequence));
    if (waiting.length === 0) return;
  }
  throw new Error(`the receiver has refused ${mostAttempts} times`);
}

/** An agent without a receiver at first; a second one accepts all frames but one, which a third refuses for good. */
export async function recordAgent(
  { agent, receiver }: Programs,
  flushes?: FailingFlushes,
): Promise<Recording & { readonly host: string }> {
  const rootPath = diskDirectory();
  const folder = diskDirectory();
  const captures = diskDirectory();
  const node = process.execPath;
  const first = start(node, [receiver, '--dir', captures, '--listen', '127.0.0.1:0', '--json']);
  await first.says('"listening"');
  const address = /127\.0\.0\.1:\d+/.exec(first.stdout())?.[0] ?? '';
  await first.stop();
  const args = [
    ...[agent, '--host', address, '--state', rootPath, '--camera', 'yard'],
    ...['--source', `folder:${folder}`, '--all', '--json'],
  ];
  const traced = startTraced(args, flushes);
  const { running } = traced;
  await running.says('watching');
  const declared = (): number => running.stdout().split('"judged"').length - 1;
  const put = (index: number): void => {
    writeFileSync(join(folder, `.${index}`), jpegs[index] ?? Buffer.alloc(0));
    renameSync(join(folder, `.${index}`), join(folder, `${index}.jpg`));
  };
  for (let index = 0; index < frameCount / 2; index += 1) put(index);
  await eventually(
    () => declared() >= frameCount / 2,
    'frames declared while the receiver is away',
  );
  const second = start(node, [
    ...[receiver, '--dir', captures, '--listen', address, '--json'],
    ...['--max-frame', '4KiB'],
  ]);
  const stored = (): number => second.stdout().split('"stored"').length - 1;
  await eventually(() => stored() >= frameCount / 2, 'the frames that waited');
  for (let index = frameCount / 2; index < frameCount; index += 1) put(index);
  await eventually(() => stored() >= frameCount - 1, 'all frames stored but one');
  await second.stop();
  const third = await Refuser.open(Number(/:(\d+)$/.exec(address)?.[1]));
  try {
    await eventually(() => isSetAside(rootPath), 'the last frame set aside');
    return { operations: await traced.end(), rootPath, frames, host: address };
  } finally {
    third.close();
  }
}

/** Whether the frame is in `rejected/`, and nowhere else. The agent runs: only names are read. */
function isSetAside(statePath: string): boolean {
  const frames = filesIn(statePath).filter((name) =>
    /^spool\/[^/]+\/(?:rejected\/)?\d+\.jpg$/.test(name),
  );
  return frames.length > 0 && frames.every((name) => name.includes('/rejected/'));
}

/** Starts a program of Node under strace. `end` ends it, and reads the log. */
export function startTraced(args: readonly string[], flushes?: FailingFlushes) {
  const logPath = join(diskDirectory(), 'strace.log');
  const running: Running = start(
    'strace',
    [
      // strace runs as a grandchild, so that signals reach the program itself.
      ...['-D', '-f', '-qq', '-yy', '-xx', '-s', String(2 ** 20), '-o', logPath],
      ...['-e', `trace=${tracedCalls.join(',')}`, ...injectionOf(flushes)],
      ...[process.execPath, ...args],
    ],
    // Without io_uring: strace sees file operations only as system calls.
    { env: { UV_USE_IO_URING: '0', ...(flushes && oneThread) } },
  );
  const end = async (): Promise<Operation[]> => {
    await running.stop();
    let length = -1;
    const text = await eventually(() => {
      const log = readFileSync(logPath, 'latin1');
      const isWhole = log.length === length;
      length = log.length;
      return isWhole && log;
    }, 'strace to have written its log');
    return readStraceLog(text);
  };
  return { running, end };
}

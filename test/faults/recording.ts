/** Runs one side of the pair under strace while it does all that it does, and reads the log. */
import { readFileSync, writeFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { AgentPeer, peerEpoch } from '../support/agent-peer.js';
import { eventually } from '../support/eventually.js';
import { type Running, start } from '../support/programs.js';
import { temporaryDirectory } from '../support/temporary.js';
import { numberedJpeg } from './camera.js';
import { readSpool } from './inventory.js';
import { sha256Of } from './power-cut.js';
import { Refuser } from './refuser.js';
import type { Programs } from './stage.js';
import { type Operation, readStraceLog, tracedCalls } from './strace-log.js';

export interface Recording {
  readonly operations: readonly Operation[];
  /** The folder that the program began with. */
  readonly rootPath: string;
  /** SHA-256 of every frame that it was given. */
  readonly frames: ReadonlySet<string>;
}

export interface GivenFrame {
  readonly sequence: number;
  readonly capturedAtMs: number;
  readonly jpeg: Buffer;
}

/** What the header of a frame says that `recordReceiver` gives. */
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
/** Larger than what the second receiver of `recordAgent` takes: it waits for the third, which refuses it for good. */
const refusedIndex = 4;
const jpegs = Array.from({ length: frameCount }, (_, index) =>
  numberedJpeg(index + 1, index === refusedIndex ? 6000 : 1500),
);
const frames = new Set(jpegs.map(sha256Of));
const firstAtMs = Date.UTC(2026, 10, 22);

/** What `recordReceiver` gives. The last has the time, hence the name, of the first. */
export const givenFrames: readonly GivenFrame[] = jpegs.map((jpeg, index) => ({
  sequence: index + 1,
  capturedAtMs: firstAtMs + (index === frameCount - 1 ? 0 : index),
  jpeg,
}));

/** A receiver that gets frames, one of them again, one with another's name, and is ended. */
export async function recordReceiver({ receiver }: Programs): Promise<Recording> {
  const rootPath = temporaryDirectory();
  const traced = startTraced([receiver, '--dir', rootPath, '--listen', '127.0.0.1:0', '--json']);
  await traced.running.says('"listening"');
  const port = Number(/:(\d+)"/.exec(traced.running.stdout())?.[1]);
  const peer = new AgentPeer(port);
  peer.hello();
  await peer.answer('welcome');
  for (const given of givenFrames) peer.frame(given.sequence, given.jpeg, headerOf(given));
  await peer.answer('stored', frameCount);
  const [again] = givenFrames;
  if (again) peer.frame(again.sequence, again.jpeg, headerOf(again));
  await peer.answer('stored', frameCount + 1);
  peer.socket.end();
  return { operations: await traced.end(), rootPath, frames };
}

/** An agent whose receiver is away at first, then takes all frames but one, which another refuses for good. */
export async function recordAgent({
  agent,
  receiver,
}: Programs): Promise<Recording & { readonly host: string }> {
  const rootPath = temporaryDirectory();
  const folder = temporaryDirectory();
  const captures = temporaryDirectory();
  const node = process.execPath;
  const first = start(node, [receiver, '--dir', captures, '--listen', '127.0.0.1:0', '--json']);
  await first.says('"listening"');
  const address = /127\.0\.0\.1:\d+/.exec(first.stdout())?.[0] ?? '';
  await first.stop();
  const traced = startTraced([
    ...[agent, '--host', address, '--state', rootPath, '--camera', 'yard'],
    ...['--source', `folder:${folder}`, '--all', '--json'],
  ]);
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

/** It lies in `rejected/`, and nowhere else. */
function isSetAside(statePath: string): boolean {
  const { waiting, rejected } = readSpool(statePath);
  return rejected.length > 0 && waiting.length === 0;
}

function startTraced(args: readonly string[]) {
  const logPath = join(temporaryDirectory(), 'strace.log');
  const running: Running = start(
    'strace',
    [
      // As a grandchild, so that signals reach the program itself.
      ...['-D', '-f', '-qq', '-yy', '-xx', '-s', String(2 ** 20), '-o', logPath],
      ...['-e', `trace=${tracedCalls.join(',')}`, process.execPath, ...args],
    ],
    // Files by threads and system calls, which strace sees; not by io_uring, which it does not.
    { env: { UV_USE_IO_URING: '0' } },
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

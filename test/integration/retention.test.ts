/** Retention with the built programs: limits of a running receiver, prune, keep, several processes, kill -9. */
import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openFrameStore } from '../../receiver/store/frame-store.js';
import type { FrameToStore } from '../../receiver/store/store-port.js';
import { dayMs, frameAt, plantAll } from '../receiver/archive/retention/given-store.js';
import { AgentPeer } from '../support/agent-peer.js';
import { eventually } from '../support/eventually.js';
import { filesBelow } from '../support/files.js';
import { makeJpeg } from '../support/pictures.js';
import { freePort } from '../support/ports.js';
import { type Running, missing, root, start } from '../support/programs.js';
import { temporaryDirectory } from '../support/temporary.js';

const why = missing('flock', 'util-linux');
const whyNoStrace = missing('strace', 'strace');
const program = `${root}dist/receiver.js`;

const receiver = (...args: string[]): Running => start(process.execPath, [program, ...args]);

/** A JPEG of some size. */
function bigJpeg(number: number, bytes: number): Buffer {
  const small = makeJpeg(number);
  const filling = Buffer.alloc(bytes - small.length);
  return Buffer.concat([small.subarray(0, -2), filling, small.subarray(-2)]);
}

/** Bytes of all files in blocks, as du counts them. A receiver may remove some meanwhile. */
function usedBytes(directory: string): number {
  return filesBelow(directory, { hidden: true })
    .map((name) => statSync(join(directory, name), { throwIfNoEntry: false })?.size ?? 0)
    .reduce((sum, size) => sum + Math.ceil(size / 4096) * 4096, 0);
}

const framesIn = (directory: string): string[] =>
  filesBelow(directory).filter((name) => name.endsWith('.jpg'));

type Line = Readonly<Record<string, unknown>>;

/** What all records say. @returns names that are deleted, and how many frames summaries stand for */
function recorded(directory: string) {
  const deleted: string[] = [];
  let summarized = 0;
  for (const path of filesBelow(directory, { hidden: true })) {
    if (!path.endsWith('/record.jsonl')) continue;
    const folder = path.slice(0, -'/record.jsonl'.length);
    for (const text of readFileSync(join(directory, path), 'utf8').split('\n')) {
      if (text === '') continue;
      const line = JSON.parse(text) as Line;
      if (line.deleted === 1) {
        for (const name of line.names as string[]) deleted.push(`${folder}/${name}`);
      }
      if (line.summary === 1) summarized += line.frames as number;
    }
  }
  return { deleted, summarized };
}

describe('a receiver with a maximum size', () => {
  it('stays below it, with the newest frames and those that are kept', async (test) => {
    test.skip(why !== undefined, why);
    const [directory, port, limit] = [temporaryDirectory(), await freePort(), 2 * 2 ** 20];
    const options = ['--dir', directory, '--listen', `127.0.0.1:${port}`, '--quota', '0'];
    const running = receiver(...options, '--max-size', '2MiB');
    await running.says('keeping frames');
    const agent = new AgentPeer(port);
    agent.hello();
    await agent.answer('welcome');
    const count = 80;
    for (let sequence = 1; sequence <= count; sequence += 1) {
      const event = `e${Math.floor(sequence / 4)}`;
      const verdict = { changed: true, ratio: 0.1, boxes: [], reason: 'change', event };
      agent.frame(sequence, bigJpeg(sequence, 100_000), { verdict });
      if (sequence % 8 !== 0) continue;
      await agent.answer('stored', sequence);
      expect(usedBytes(directory)).toBeLessThanOrEqual(limit);
      if (sequence !== 8) continue;
      const kept = receiver('keep', 'yard/e1', '--dir', directory, '--note', 'wer ist das? ä');
      expect(await kept.ended).toBe(0);
      expect(kept.stdout()).toMatch(/^kept: 4 frames in yard\/\d{4}_\d\d_\d\d\n$/);
    }
    expect(agent.messages.filter(({ type }) => type === 'refused')).toEqual([]);
    // It may still delete.
    expect(await running.stop()).toBe(0);
    const names = agent.messages.flatMap((each) => (each.type === 'stored' ? [each] : []));
    const nameOf = (sequence: number) => names.find((each) => each.sequence === sequence)?.name;
    const there = framesIn(directory);
    for (const sequence of [4, 5, 6, 7, count - 5, count])
      expect(there).toContain(nameOf(sequence));
    for (const sequence of [1, 8, 30]) expect(there).not.toContain(nameOf(sequence));
    expect(recorded(directory).deleted).toHaveLength(count - there.length);
    expect(running.stderr()).toContain('old frames deleted');
    expect(running.stderr()).not.toMatch(/cannot/);
  });

  it('two receivers and prune on one directory delete each frame once', async (test) => {
    test.skip(why !== undefined, why);
    const directory = temporaryDirectory();
    const limit = ['--max-size', '2MiB'];
    const feed = async (camera: string, epoch: string): Promise<void> => {
      const port = await freePort();
      const options = ['--dir', directory, '--listen', `127.0.0.1:${port}`, '--quota', '0'];
      const running = receiver(...options, ...limit);
      await running.says('keeping frames');
      const agent = new AgentPeer(port);
      agent.hello(camera, epoch.repeat(32));
      await agent.answer('welcome');
      // Where the other receiver took the room, an agent repeats its frame, once for each refusal.
      let refused = 0;
      for (let sequence = 1; sequence <= 40; sequence += 1) {
        agent.frame(sequence, bigJpeg(sequence, 100_000));
        if (sequence % 4 !== 0) continue;
        await eventually(() => {
          const again = agent.messages.filter((each) => each.type === 'refused').slice(refused);
          refused += again.length;
          for (const each of again) agent.frame(each.sequence, bigJpeg(each.sequence, 100_000));
          const stored = agent.messages.filter((each) => each.type === 'stored');
          return new Set(stored.map((each) => each.sequence)).size >= sequence;
        }, `frame ${sequence} is stored`);
      }
      expect(await running.stop()).toBe(0);
    };
    let isOver = false;
    const prune = async (): Promise<void> => {
      while (!isOver) await receiver('prune', '--dir', directory, ...limit).ended;
    };
    const pruning = prune();
    await Promise.all([feed('yard', 'a'), feed('door', 'b')]);
    isOver = true;
    await pruning;
    // A day of which one camera had no frame for a moment is a summary by now.
    const { deleted, summarized } = recorded(directory);
    expect(new Set(deleted).size).toBe(deleted.length);
    expect(framesIn(directory).length + deleted.length + summarized).toBe(80);
    expect(usedBytes(directory)).toBeLessThan(2 * 2 ** 20);
  });
});

/** Four frames a day on four days, five days ago and before. */
function oldStore() {
  const directory = temporaryDirectory();
  const firstMs = Date.now() - 9 * dayMs;
  const frames = [0, 1, 2, 3].flatMap((day) =>
    [0, 1, 2, 3].map((at) => frameAt(firstMs + day * dayMs + at)),
  );
  return { directory, frames };
}

async function made(directory: string, frames: readonly FrameToStore[]): Promise<string[]> {
  await (await openFrameStore(directory, Date.now())).close();
  return plantAll(directory, frames);
}

describe('receiver prune', () => {
  const age = ['--max-age', '7d'];

  it('lists what it would delete, and deletes it', async (test) => {
    test.skip(why !== undefined, why);
    const { directory, frames } = oldStore();
    const names = await made(directory, frames);
    const dry = receiver('prune', '--dir', directory, ...age, '--dry-run');
    expect(await dry.ended).toBe(0);
    expect(dry.stdout()).toMatch(/yard\/\S+: 4 frames, \d.* kB, \S+ to \S+: max-age\n/);
    expect(dry.stdout()).toMatch(/8 frames in all, \d+ kB on the disk\n$/);
    expect(framesIn(directory)).toHaveLength(16);
    const run = receiver('prune', '--dir', directory, ...age);
    expect(await run.ended).toBe(0);
    expect(run.stdout()).toMatch(/^8 frames deleted/);
    expect(framesIn(directory)).toEqual(names.slice(8).sort());
    const store = await openFrameStore(directory, Date.now());
    for (const frame of frames) expect(await store.put(frame)).toMatchObject({ duplicate: true });
    await store.close();
    expect(framesIn(directory)).toEqual(names.slice(8).sort());
  });

  it('does not delete more than half without --yes', async (test) => {
    test.skip(why !== undefined, why);
    const { directory, frames } = oldStore();
    await made(directory, frames);
    const wrong = ['prune', '--dir', directory, '--max-age', '7m'];
    const run = receiver(...wrong);
    expect(await run.ended).toBe(1);
    expect(run.stderr()).toMatch(
      /max-age 7m would delete 16 frames of 16, more than half: nothing is/,
    );
    expect(framesIn(directory)).toHaveLength(16);
    expect(await receiver(...wrong, '--yes').ended).toBe(0);
    expect(framesIn(directory)).toEqual([]);
  });

  it('needs a limit, a store, and a frame to keep', async (test) => {
    test.skip(why !== undefined, why);
    const directory = temporaryDirectory();
    const none = receiver('prune', '--dir', directory);
    expect(await none.ended).toBe(2);
    expect(none.stderr()).toContain('there is no limit');
    const empty = receiver('prune', '--dir', directory, ...age);
    expect(await empty.ended).toBe(1);
    expect(empty.stderr()).toContain('has no .picchanged.json');
    expect(readdirSync(directory)).toEqual([]);
    const listening = receiver('--dir', directory, '--require-marker', '--listen', '127.0.0.1:1');
    expect(await listening.ended).toBe(1);
    expect(listening.stderr()).toContain('has no .picchanged.json');
    expect(readdirSync(directory)).toEqual([]);
    await made(directory, [frameAt(Date.now())]);
    for (const [what, text] of [
      ['yard/1795332615123', /has no frame of an event/],
      ['yard/2026_11_22/2026_11_22_08_30_15_123+0100.jpg', /there is no frame/],
      ['../etc/passwd', /is neither a frame in .* nor CAMERA\/EVENT/],
    ] as const) {
      const keep = receiver('keep', what, '--dir', directory);
      expect(await keep.ended).not.toBe(0);
      expect(keep.stderr()).toMatch(text);
    }
  });

  it('as a timer deletes what is too old; without a limit or a store it deletes nothing', async (test) => {
    test.skip(why !== undefined, why);
    const { directory, frames } = oldStore();
    const scheduled = ['prune', '--scheduled', '--dir', directory];
    const unused = receiver(...scheduled, ...age);
    expect(await unused.ended).toBe(0);
    expect(unused.stdout()).toMatch(/^nothing is deleted: no receiver has stored in /);
    expect(readdirSync(directory)).toEqual([]);
    const names = await made(directory, frames);
    const unlimited = receiver(...scheduled);
    expect(await unlimited.ended).toBe(0);
    expect(unlimited.stdout()).toBe('nothing is deleted: there is no limit\n');
    expect(framesIn(directory)).toHaveLength(16);
    const run = receiver(...scheduled, ...age);
    expect(await run.ended).toBe(0);
    expect(run.stdout()).toMatch(/^8 frames deleted/);
    expect(framesIn(directory)).toEqual(names.slice(8).sort());
  });

  it('as a timer waits for a day before it deletes more than half', async (test) => {
    test.skip(why !== undefined, why);
    const { directory, frames } = oldStore();
    await made(directory, frames);
    const scheduled = ['prune', '--scheduled', '--dir', directory, '--max-age', '7m'];
    const run = receiver(...scheduled);
    expect(await run.ended).toBe(0);
    expect(run.stdout()).toMatch(
      /^max-age 7m would delete 16 frames of 16, more than half: nothing is deleted before \d{4}/,
    );
    expect(framesIn(directory)).toHaveLength(16);
    const caution = join(directory, '.picchanged-caution.json');
    const begun = JSON.parse(readFileSync(caution, 'utf8')) as { limits: string; sinceMs: number };
    writeFileSync(caution, JSON.stringify({ ...begun, sinceMs: begun.sinceMs - dayMs }));
    const later = receiver(...scheduled);
    expect(await later.ended).toBe(0);
    expect(later.stdout()).toMatch(/^16 frames deleted/);
    expect(framesIn(directory)).toEqual([]);
  });

  /** The n-th call of a kind is the last thing that the process does. */
  const points = [
    ...[1, 2, 3, 4, 5, 6, 7, 8].map((count) => ['fsync', count] as const),
    ...[1, 3, 4, 5].map((count) => ['unlink', count] as const),
    ...[1, 2].map((count) => ['rename', count] as const),
  ];

  it.each(points)('killed at %s %i, it is finished by the next one', async (call, count) => {
    const test = { skip: why ?? whyNoStrace };
    if (test.skip !== undefined) return;
    const { directory, frames } = oldStore();
    const names = await made(directory, frames);
    const injected = `--inject=${call}:signal=SIGKILL:when=${count}`;
    const args = ['-f', '-qq', '-o', '/dev/null', `--trace=${call}`, injected];
    const prune = [process.execPath, program, 'prune', '--dir', directory, ...age];
    // strace counts the calls of each thread.
    const killed = start('strace', [...args, ...prune], { env: { UV_THREADPOOL_SIZE: '1' } });
    expect(await killed.ended).toBe('SIGKILL');
    // What has no file has a line.
    const there = framesIn(directory);
    const { deleted, summarized } = recorded(directory);
    const gone = names.filter((name) => !there.includes(name));
    const unexplained = gone.filter((name) => !deleted.includes(name));
    expect(unexplained.length).toBeLessThanOrEqual(summarized);
    expect(await receiver('prune', '--dir', directory, ...age).ended).toBe(0);
    expect(framesIn(directory)).toEqual(names.slice(8).sort());
    expect(recorded(directory)).toEqual({ deleted: [], summarized: 8 });
    const store = await openFrameStore(directory, Date.now());
    for (const frame of frames) expect(await store.put(frame)).toMatchObject({ duplicate: true });
    await store.close();
  });
});

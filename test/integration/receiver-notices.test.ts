/** A receiver that announces by itself: whatever becomes of its notices, frames are stored. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { AgentPeer } from '../support/agent-peer.js';
import { eventually } from '../support/eventually.js';
import { makeJpeg } from '../support/pictures.js';
import { startReceiverProgram } from '../support/programs.js';
import { temporaryDirectory } from '../support/temporary.js';

/** A server that answers each request with a status. @returns how many it got */
async function endpoint(status: number) {
  const got: string[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (part: Buffer) => (body += part.toString('latin1')));
    request.on('end', () => {
      got.push((JSON.parse(body) as { notice: string }).notice);
      response.writeHead(status).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { got, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook` };
}

/** Ends that a report states at once: a receiver takes some reports a second from a camera without a key. */
const endsInReport = 20;

/** Sends events of two frames each, with their ends, and waits until each is acknowledged. */
async function sendEvents(peer: AgentPeer, from: number, count: number): Promise<void> {
  const ended: object[] = [];
  const stored = (): number => peer.messages.filter(({ type }) => type === 'stored').length;
  const before = stored();
  let reports = 0;
  for (let n = from; n < from + count; n += 1) {
    const capturedAtMs = Date.now();
    const verdict = {
      ...{ reason: 'change', ratio: 0.1, boxes: [], strength: 2, changed: true },
      event: `e${n}`,
    };
    for (const part of [1, 2]) {
      const jpeg = makeJpeg(2 * n + part);
      peer.frame(3 * n + part, jpeg, { capturedAtMs: capturedAtMs + part, verdict });
    }
    ended.push({ event: `e${n}`, firstAtMs: capturedAtMs, lastAtMs: capturedAtMs, frames: 2 });
    if (ended.length === endsInReport || n === from + count - 1) {
      const times = { fromMs: capturedAtMs - 10, toMs: capturedAtMs, clockMs: capturedAtMs };
      peer.report(3 * n + 3, { ...times, ended: ended.splice(0) });
      reports += 1;
      const sent = before + 2 * (n + 1 - from) + reports;
      await eventually(() => stored() === sent, `an answer to each entry up to event ${n}`);
    }
  }
}

/** What a program has written so far. */
const saidBy = (hook: string): string =>
  existsSync(`${hook}.said`) ? readFileSync(`${hook}.said`, 'utf8') : '';

const residentBytes = (pid: number | undefined): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid ?? 0}/status`, 'utf8'))?.[1]) * 1024;

describe('a receiver with the flags of notices', () => {
  it('announces what it stores, by programs and by HTTP', async () => {
    const directory = temporaryDirectory();
    const folder = temporaryDirectory();
    const { got, url } = await endpoint(200);
    const hook = join(folder, 'hook');
    writeFileSync(hook, '#!/bin/sh\necho "$PICCHANGED_NOTICE" >> "$0.said"\n', { mode: 0o755 });
    const receiver = await startReceiverProgram(directory, [
      ...['--on-event', JSON.stringify([hook]), '--notify', url],
      ...['--state', join(folder, 'notify')],
    ]);
    await receiver.says('announcing');
    const peer = new AgentPeer(receiver.port);
    peer.hello();
    await peer.answer('welcome');
    await sendEvents(peer, 0, 1);
    await eventually(() => got.includes('event-end'), 'the end of the event');
    await eventually(() => saidBy(hook) === 'event-begin\n', 'the program ran once');
    expect(await receiver.stop()).toBe(0);
  });

  it('stores at full pace while a program hangs and an address answers 500', async () => {
    const directory = temporaryDirectory();
    const folder = temporaryDirectory();
    const { got, url } = await endpoint(500);
    const hook = join(folder, 'hook');
    writeFileSync(hook, '#!/bin/sh\necho begun >> "$0.said"\nexec sleep 3600\n', { mode: 0o755 });
    const receiver = await startReceiverProgram(directory, [
      ...['--on-event', JSON.stringify([hook]), '--command-timeout', '1h', '--notify', url],
      ...['--cooldown', '0s', '--state', join(folder, 'notify')],
    ]);
    await receiver.says('announcing');
    const peer = new AgentPeer(receiver.port);
    peer.hello();
    await peer.answer('welcome');
    await sendEvents(peer, 0, 20);
    await eventually(() => got.length > 0, 'a notice was refused');
    const begun = () => saidBy(hook);
    await eventually(() => begun() !== '', 'the program hangs');
    const beforeBytes = residentBytes(receiver.child.pid);
    // Far more than may wait.
    await sendEvents(peer, 20, 120);
    expect(peer.messages.filter(({ type }) => type === 'refused')).toEqual([]);
    // The first one hangs still, and nothing else was begun.
    expect(begun()).toBe('begun\n');
    expect(residentBytes(receiver.child.pid) - beforeBytes).toBeLessThan(64 * 2 ** 20);
    const failures = [
      'notices wait: webhook',
      'notices are dropped: webhook',
      'notices are dropped: --on-event',
    ];
    for (const words of failures) await receiver.says(words);
    expect(await receiver.stop()).toBe(0);
    const lines = receiver.stderr().split('\n');
    // What fails is said once, and so is what is dropped.
    for (const words of failures) {
      const said = lines.filter((line) => line.includes(words));
      expect(said, said.join('\n')).toHaveLength(1);
    }
    expect(lines.filter((line) => line.includes('cannot'))).toEqual([]);
  });
});

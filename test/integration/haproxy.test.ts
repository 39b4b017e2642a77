/** Two receivers with one bucket behind the real HAProxy: true addresses, a killed receiver, a drained one. */
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { connect as connectSecurely } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { tlsSettings } from '../../shared/keys/tls-settings.js';
import { AgentPeer } from '../support/agent-peer.js';
import { eventually } from '../support/eventually.js';
import { type Fleet, haproxyExample, startFleet } from '../support/balanced-receivers.js';
import { proving } from '../support/paired.js';
import { makeJpeg } from '../support/pictures.js';
import { missing, run, startAgent } from '../support/programs.js';
import { temporaryDirectory } from '../support/temporary.js';

const whyNot = missing('haproxy', 'haproxy');
const framesIn = ({ stub }: Fleet): Buffer[] =>
  [...stub.objects].filter(([key]) => key.endsWith('.jpg')).map(([, { body }]) => body);
const inOrder = (buffers: readonly Buffer[]): Buffer[] =>
  [...buffers].sort((one, other) => one.compare(other));

/** A camera with a key at an address of its own. */
function connectCamera(fleet: Fleet, camera: string, localAddress: string): AgentPeer {
  const key = fleet.keys.get(camera);
  if (key === undefined) throw new Error(`${camera} has no key`);
  const plain = connect({ port: fleet.port, host: '127.0.0.1', localAddress });
  const socket = connectSecurely({
    ...{ ...tlsSettings, ...proving(key), rejectUnauthorized: false, socket: plain },
  });
  socket.on('error', () => undefined);
  onTestFinished(() => {
    socket.destroy();
    plain.destroy();
  });
  const agent = new AgentPeer(socket);
  agent.hello(camera, camera.slice(-1).padStart(32, '0'));
  return agent;
}

describe.skipIf(whyNot !== undefined)(`receivers behind HAProxy ${whyNot ?? ''}`, () => {
  it('have an example that HAProxy takes as it is', async () => {
    const { code, stderr, stdout } = await run('/usr/sbin/haproxy', ['-c', '-f', haproxyExample]);
    expect({ code, said: stdout + stderr }).toMatchObject({ code: 0 });
    expect(stdout + stderr).not.toMatch(/WARNING|ALERT/);
  });

  it('see the address of each camera, take any of them, and lose nothing when one is killed', async () => {
    const cameras = ['cam-1', 'cam-2', 'cam-3', 'cam-4'];
    const fleet = await startFleet(cameras, '0');
    const receivers = [await fleet.startReceiver(0), await fleet.startReceiver(1)] as const;
    await fleet.startBalancer();
    const addressOf = (camera: string): string => `127.0.1.${camera.slice(-1)}`;
    const count = 12;
    const picture = (camera: string, number: number): Buffer =>
      makeJpeg(100 * Number(camera.slice(-1)) + number);
    const link = async (camera: string) => {
      const agent = connectCamera(fleet, camera, addressOf(camera));
      await agent.answer('welcome');
      const stored = () => agent.messages.filter(({ type }) => type === 'stored').length;
      const sendAll = (): void => {
        for (let number = 1; number <= count; number += 1) {
          agent.frame(number, picture(camera, number));
        }
      };
      return { camera, agent, stored, sendAll };
    };
    // One after the other: threads of HAProxy do not see at once what the others have chosen.
    const links: Awaited<ReturnType<typeof link>>[] = [];
    for (const camera of cameras) links.push(await link(camera));
    for (const { sendAll } of links) sendAll();
    const holds = (nth: 0 | 1, camera: string): boolean =>
      receivers[nth].stderr().includes(`connection accepted peer=${addressOf(camera)}:`);
    // leastconn: two each.
    expect(cameras.filter((camera) => holds(0, camera))).toHaveLength(2);
    expect(cameras.every((camera) => holds(0, camera) !== holds(1, camera))).toBe(true);
    await eventually(() => links[0] && links.some(({ stored }) => stored() > 0), 'a first frame');
    await receivers[0].stop('SIGKILL');
    const finished = await Promise.all(
      links.map(async (before) => {
        if (!holds(0, before.camera)) return before;
        await before.agent.over;
        const after = await link(before.camera);
        after.sendAll();
        return after;
      }),
    );
    await eventually(() => finished.every(({ stored }) => stored() === count), 'each frame');
    const sent = cameras.flatMap((camera) =>
      Array.from({ length: count }, (_, at) => picture(camera, at + 1)),
    );
    expect(inOrder(framesIn(fleet))).toEqual(inOrder(sent));
    for (const camera of cameras) expect(holds(1, camera)).toBe(true);
  });

  it('hand their agents over when one is drained, and each frame is stored once', async () => {
    const cameras = ['cam-1', 'cam-2', 'cam-3', 'cam-4'];
    const fleet = await startFleet(cameras, '3s');
    const first = await fleet.startReceiver(0);
    const second = await fleet.startReceiver(1);
    await fleet.startBalancer();
    const folder = new Map(cameras.map((camera) => [camera, temporaryDirectory()]));
    const agents = cameras.map((camera) =>
      startAgent(
        [
          ...['--host', `127.0.0.1:${fleet.port}`, '--camera', camera, '--all'],
          ...['--source', `folder:${folder.get(camera)}`, '--state', temporaryDirectory()],
        ],
        { env: { CREDENTIALS_DIRECTORY: fleet.credentials } },
      ),
    );
    await Promise.all(agents.map((agent) => agent.says('watching')));
    const sent: Buffer[] = [];
    const put = (): void => {
      for (const [camera, path] of folder) {
        const jpeg = makeJpeg(sent.length + 1);
        sent.push(jpeg);
        writeFileSync(join(path, `${camera}-${sent.length}.jpg`), jpeg);
      }
    };
    const all = () => eventually(() => framesIn(fleet).length === sent.length, 'each frame');
    for (let frame = 0; frame < 5; frame += 1) put();
    await all();
    expect(await first.health()).toBe('200 ok');
    expect(first.stderr()).toContain('agent connected');
    expect(second.stderr()).toContain('agent connected');

    const ended = first.stop();
    await eventually(async () => (await first.health()) === '503 draining', 'the drain');
    for (let frame = 0; frame < 5; frame += 1) put();
    await all();
    expect(await ended).toBe(0);
    for (let frame = 0; frame < 5; frame += 1) put();
    await all();
    // Each camera is at the second receiver now, and none has met an error on its way.
    for (const camera of cameras) {
      expect(second.stderr()).toContain(`agent connected camera=${camera}`);
    }
    for (const agent of agents) expect(agent.stderr()).not.toContain('cannot deliver');

    const third = await fleet.startReceiver(0);
    for (let frame = 0; frame < 5; frame += 1) put();
    await second.stop('SIGKILL');
    for (let frame = 0; frame < 5; frame += 1) put();
    await all();
    await Promise.all(agents.map((agent) => agent.stop()));
    expect(inOrder(framesIn(fleet))).toEqual(inOrder(sent));
    expect(third.stderr()).toContain('agent connected');
  });

  it('are left out while their store fails, and taken again when it works', async () => {
    const fleet = await startFleet(['cam-1'], '0');
    const receiver = await fleet.startReceiver(0);
    await eventually(async () => (await receiver.health()) === '200 ok', 'a working store');
    fleet.stub.fault = ({ method }) =>
      method === 'PUT' ? { kind: 'refuse', status: 403, code: 'AccessDenied' } : undefined;
    await eventually(
      async () => (await receiver.health())?.startsWith('503 the store takes no frames') === true,
      'a failed trial',
    );
    fleet.stub.fault = () => undefined;
    await eventually(
      async () => (await receiver.health()) === '200 ok',
      'a store that works again',
    );
    expect([...fleet.stub.objects.keys()]).toContain('cams/.picchanged-trial');
  });
});

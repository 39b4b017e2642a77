/** Work budgets: how much useless work a peer gets done in a time, and that waiting loses none of its messages. */
import { describe, expect, it } from 'vitest';
import {
  maxAddressWorkUs,
  maxCameraWorkUs,
  maxConnectionWorkUs,
} from '../../../receiver/limits/receiver-limits.js';
import { prices } from '../../../receiver/limits/work/prices.js';
import { AgentPeer } from '../../support/agent-peer.js';
import { eventually } from '../../support/eventually.js';
import { FakeClock } from '../../support/fake-clock.js';
import { connectWithKey, pairBehindTheScenes } from '../../support/paired.js';
import { makeJpeg } from '../../support/pictures.js';
import { speakTo, startReceiver } from '../../support/receiver.js';

const jpeg = makeJpeg(1);
/** A JPEG whose walk takes a step for every two bytes. */
const slowToWalk = Buffer.concat([jpeg.subarray(0, 600), Buffer.alloc(2 ** 18, 'ff00', 'hex')]);

/** Ways to have work refused, and the least that one message costs, microseconds. */
const ways: readonly (readonly [string, (agent: AgentPeer, at: number) => void, number])[] = [
  ['wrong hashes', (agent, at) => agent.frame(at, jpeg, { sha256: '0'.repeat(64) }), 100],
  ['no JPEGs', (agent, at) => agent.frame(at, Buffer.alloc(300)), 250],
  ['pictures that are slow to check', (agent, at) => agent.frame(at, slowToWalk), 4000],
  ['repeats', (agent) => agent.frame(1, jpeg), 1000],
  ['notes of dropped frames', (agent, at) => agent.dropped(at), prices.gap],
];

const answersOf = ({ messages }: AgentPeer): number =>
  messages.filter(({ type }) => type === 'refused' || type === 'stored').length;

/** Waits until the fake clock must advance before anything more is answered. */
async function settled(agents: readonly AgentPeer[]): Promise<number> {
  const count = (): number => agents.reduce((sum, agent) => sum + answersOf(agent), 0);
  let [before, quiet] = [-1, 0];
  await eventually(() => {
    quiet = count() === before ? quiet + 1 : 0;
    before = count();
    return quiet >= 20;
  }, 'the last answer');
  return count();
}

describe.each(ways)('%s', (_, way, leastUs) => {
  it('of one connection without a key are answered within its work budget', async () => {
    const clock = new FakeClock();
    const { port } = await startReceiver({}, { clock });
    const agent = new AgentPeer(port);
    agent.hello();
    await agent.answer('welcome');
    const most = Math.ceil(maxConnectionWorkUs / leastUs);
    for (let at = 1; at <= 3 * most; at += 1) way(agent, at);
    const atFirst = await settled([agent]);
    expect(atFirst).toBeLessThanOrEqual(most + 1);
    await clock.advance(1000);
    const later = await settled([agent]);
    expect(later).toBeGreaterThan(atFirst);
    expect(later - atFirst).toBeLessThanOrEqual(most + 1);
  });

  it('of a paired camera are answered within its budget, and another camera does not wait', async () => {
    const clock = new FakeClock();
    const { port, folder } = await startReceiver({}, { clock });
    const keys = [
      await pairBehindTheScenes(folder, 'shed'),
      await pairBehindTheScenes(folder, 'yard'),
    ];
    const [shed, yard] = await Promise.all(
      keys.map(async (key) => {
        const agent = new AgentPeer(await connectWithKey(port, key));
        agent.hello(key.camera);
        await agent.answer('welcome');
        return agent;
      }),
    );
    if (shed === undefined || yard === undefined) throw new Error('both are there');
    const most = Math.ceil(maxCameraWorkUs / leastUs);
    for (let at = 1; at <= 3 * most; at += 1) way(shed, at);
    expect(await settled([shed])).toBeLessThanOrEqual(most + 1);
    // Far more than the budget of useless work allows.
    for (let sequence = 1; sequence <= 100; sequence += 1) yard.frame(sequence, jpeg);
    await yard.answer('stored', 100);
    expect(answersOf(shed)).toBeLessThanOrEqual(most + 1);
  });
});

describe('an anonymous peer', () => {
  it('that takes the names of ever new cameras gets a few of them a second', async () => {
    const clock = new FakeClock();
    const { port, folder } = await startReceiver({}, { clock }, true);
    await pairBehindTheScenes(folder, 'yard');
    const agents = Array.from({ length: 16 }, (_, at) => {
      const agent = new AgentPeer(port);
      agent.hello(`new-${at}`);
      agent.frame(1, jpeg);
      return agent;
    });
    const stored = async (): Promise<number> => {
      let [before, quiet] = [-1, 0];
      await eventually(() => {
        const count = agents.filter((agent) => answersOf(agent) > 0).length;
        quiet = count === before ? quiet + 1 : 0;
        before = count;
        return count > 0 && quiet >= 20;
      }, 'the last answer');
      return before;
    };
    const perSecond = Math.ceil(maxAddressWorkUs / prices.lock);
    const atFirst = await stored();
    expect(atFirst).toBeLessThanOrEqual(perSecond + 1);
    for (let second = 0; second < 2; second += 1) await clock.advance(1000);
    const later = await stored();
    expect(later).toBeGreaterThan(atFirst);
    expect(later - atFirst).toBeLessThanOrEqual(2 * perSecond + 1);
  });

  it('that sends an unknown protocol gets the usage line', async () => {
    const { port } = await startReceiver();
    const { socket, heard } = speakTo(port);
    socket.end(Buffer.alloc(2 ** 20, 'GET / '));
    expect((await heard).toString()).toContain('this is a picchanged receiver');
  });
});

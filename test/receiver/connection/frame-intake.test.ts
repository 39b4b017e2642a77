/** Entries without a file, as the record keeps them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Clock, systemClock } from '../../../shared/clock.js';
import { maxIdleMessagesPerMinute } from '../../../shared/protocol/protocol-limits.js';
import { AgentPeer } from '../../support/agent-peer.js';
import { FakeClock } from '../../support/fake-clock.js';
import { startReceiver } from '../../support/receiver.js';

describe('dropped frames', () => {
  it('are recorded with their sequences, and another gap with the same number beside them', async () => {
    const { directory, port } = await startReceiver();
    const yard = new AgentPeer(port);
    yard.hello('yard');
    const sequences = [
      [1, 5],
      [7, 13],
    ];
    yard.dropped(3, { sequences });
    yard.dropped(3, { sequences });
    yard.dropped(3);
    const answers = [await yard.answer('stored'), await yard.answer('stored', 2)];
    answers.push(await yard.answer('stored', 3));
    expect(answers.filter(({ duplicate }) => duplicate)).toHaveLength(1);
    const lines = readFileSync(join(directory, 'yard/2026_11_22/record.jsonl'), 'utf8');
    const kept = lines
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(kept).toHaveLength(2);
    expect(kept).toContainEqual(expect.objectContaining({ gap: 1, sequence: 3, sequences }));
    expect(kept).toContainEqual(expect.not.objectContaining({ sequences }));
  });
});

describe('reports', () => {
  const toMs = Date.UTC(2026, 10, 22, 0, 1);
  async function connected(clock: Clock = new FakeClock(toMs)) {
    const { directory, port } = await startReceiver({}, { clock });
    const agent = new AgentPeer(port);
    agent.hello('yard');
    const record = (): object[] =>
      readFileSync(join(directory, 'yard/2026_11_22/record.jsonl'), 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as object);
    return { agent, record };
  }

  it('are announced, recorded and acknowledged, a repeat once', async () => {
    const { agent, record } = await connected(new FakeClock(toMs + 212));
    expect(await agent.answer('welcome')).toMatchObject({ takes: ['report'] });
    agent.report(8);
    const name = 'yard/2026_11_22/record.jsonl';
    const stored = { type: 'stored', sequence: 8, name, duplicate: false };
    expect(await agent.answer('stored')).toEqual(stored);
    agent.report(8, { clockMs: toMs + 9000 });
    expect(await agent.answer('stored', 2)).toEqual({ ...stored, duplicate: true });
    expect(record()).toHaveLength(1);
    expect(record()[0]).toMatchObject({ report: 1, sequence: 8, state: 'watching', delay: 212 });
    expect(record()[0]).not.toHaveProperty('clock');
  });

  it.each([
    [-4000, -4000],
    [86_400_000, 86_400_000],
    [999, undefined],
    [-999, undefined],
  ])('of a clock that differs by %d ms have the difference %s', async (differenceMs, clock) => {
    const { agent, record } = await connected();
    agent.report(8, { clockMs: toMs + differenceMs });
    await agent.answer('stored');
    expect((record()[0] as { clock?: number }).clock).toBe(clock);
  });

  it('that end at midnight are in the record of the day before', async () => {
    const { agent } = await connected();
    const midnightMs = Date.UTC(2026, 10, 23);
    agent.report(8, { fromMs: midnightMs - 60_000, toMs: midnightMs });
    agent.report(9, { fromMs: midnightMs, toMs: midnightMs });
    const names = [await agent.answer('stored'), await agent.answer('stored', 2)]
      .sort((a, b) => a.sequence - b.sequence)
      .map(({ name }) => name);
    expect(names).toEqual(['yard/2026_11_22/record.jsonl', 'yard/2026_11_23/record.jsonl']);
  });

  it('do not count against the limit of messages without payload', async () => {
    // Work is paid from budgets that refill with time.
    const { agent, record } = await connected(systemClock);
    // The hello is one of them.
    for (let nth = 1; nth < maxIdleMessagesPerMinute; nth += 1) agent.say({ type: 'ping' });
    for (let sequence = 1; sequence <= 3; sequence += 1) agent.report(sequence);
    await agent.answer('stored', 3);
    expect(record()).toHaveLength(3);
  });
});

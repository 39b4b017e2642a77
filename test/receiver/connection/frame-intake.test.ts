/** `dropped` messages of an agent, as the record keeps them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AgentPeer } from '../../support/agent-peer.js';
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

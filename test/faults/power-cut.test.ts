/** No power cut breaks a promise: checked at every moment of a recorded run of each program. */
import { describe, expect, it } from 'vitest';
import { missing, root } from '../support/programs.js';
import { walkPowerCuts } from './power-cut.js';
import { recordAgent, recordReceiver } from './recording.js';

const why = missing('strace', 'strace');
const programs = { agent: `${root}dist/agent.js`, receiver: `${root}dist/receiver.js` };

describe('a power cut at any moment', () => {
  it('leaves each frame that the receiver has acknowledged whole, and none in part', async (test) => {
    test.skip(why !== undefined, why);
    const { operations, rootPath, frames } = await recordReceiver(programs);
    const walk = walkPowerCuts('receiver', operations, rootPath, frames);
    expect(walk.violations).toEqual([]);
    expect(walk.promised).toBeGreaterThan(frames.size);
    expect(walk.moments).toBeGreaterThan(6 * frames.size);
  });

  it('leaves each frame that the agent has declared in its spool, or it was acknowledged', async (test) => {
    test.skip(why !== undefined, why);
    const { operations, rootPath, frames } = await recordAgent(programs);
    const walk = walkPowerCuts('agent', operations, rootPath, frames);
    expect(walk.violations).toEqual([]);
    expect(walk.promised).toBe(frames.size);
  });
});

/** No power cut breaks a promise: checked at every moment of a recorded run of each program. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { missing, root } from '../support/programs.js';
import { diskDirectory } from '../support/temporary.js';
import { sha256Of, walkPowerCuts } from './power-cut.js';
import { givenFrames, recordAgent, recordReceiver } from './recording.js';
import { DifferentTrees, recoverSpool, recoverStore } from './recovery.js';

const why = missing('strace', 'strace');
const programs = { agent: `${root}dist/agent.js`, receiver: `${root}dist/receiver.js` };
const timeLimitMs = 300_000;

describe('a power cut at any moment', { timeout: timeLimitMs }, () => {
  it('keeps each frame that the receiver has acknowledged, and the receiver recognizes it', async (test) => {
    test.skip(why !== undefined, why);
    const { operations, rootPath, frames } = await recordReceiver(programs);
    const different = new DifferentTrees();
    const walk = walkPowerCuts('receiver', operations, rootPath, frames, (tree, promised) => {
      different.add(tree, promised);
    });
    expect(walk.violations).toEqual([]);
    expect(walk.promised).toBeGreaterThan(frames.size);
    expect(walk.moments).toBeGreaterThan(6 * frames.size);

    const scratch = join(diskDirectory(), 'captures');
    for (const { tree, promised } of different.all.values()) {
      const given = givenFrames.filter(({ jpeg }) => promised.includes(sha256Of(jpeg)));
      const isKnown = await recoverStore(tree, given, scratch);
      expect({ isKnown, tree: [...tree.keys()] }).toMatchObject({ isKnown: given.map(() => true) });
    }
    const { moments, trees } = walk;
    console.log(`receiver: ${moments} moments, ${trees} crashes, ${different.all.size} trees`);
  });

  it('keeps each frame that the agent has declared, and the agent sends it', async (test) => {
    test.skip(why !== undefined, why);
    const { operations, rootPath, frames, host } = await recordAgent(programs);
    const different = new DifferentTrees();
    const walk = walkPowerCuts('agent', operations, rootPath, frames, (tree, promised) => {
      different.add(tree, promised);
    });
    expect(walk.violations).toEqual([]);
    expect(walk.promised).toBe(frames.size);

    const scratch = join(diskDirectory(), 'state');
    for (const { tree, promised } of different.all.values()) {
      const found = await recoverSpool(tree, host, scratch);
      expect(found).toEqual(expect.arrayContaining([...promised]));
    }
    const { moments, trees } = walk;
    console.log(`agent: ${moments} moments, ${trees} crashes, ${different.all.size} trees`);
  });
});

/** The drawings of a running agent on a real disk that gets full: capture and delivery go on, and room is left. */
import { readdirSync, statSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { filesBelow } from '../support/files.js';
import { smallDisk, whyNoMount } from '../support/mounts.js';
import { startAgent, startReceiverProgram } from '../support/programs.js';
import { temporaryDirectory } from '../support/temporary.js';

const why = whyNoMount();

/** An agent that draws each frame of the demo scene. */
async function startDrawing(disk: string, captures: string) {
  const receiver = await startReceiverProgram(captures);
  const agent = startAgent([
    ...['--host', receiver.address, '--source', 'scene', '--camera', 'yard', '--interval', '200ms'],
    ...[
      '--state',
      join(disk, 'state'),
      '--explain',
      join(disk, 'drawn'),
      '--explain-frames',
      'all',
    ],
    '--json',
  ]);
  return { receiver, agent };
}

describe('the drawings on a small disk, which the spool shares', () => {
  it.skipIf(why)('stop before it is full, and frames are still judged and delivered', async () => {
    const disk = smallDisk('2m');
    // So that a few drawings fill it, also on a loaded machine.
    writeFileSync(join(disk, 'other'), Buffer.alloc(1_200_000));
    const captures = temporaryDirectory();
    const { receiver, agent } = await startDrawing(disk, captures);
    const framesOf = () => agent.stdout().split('\n').length;
    await eventually(() => /drawing left out.*free/.test(agent.stderr()), 'a full disk');
    const [judged, stored] = [framesOf(), filesBelow(captures).length];
    await eventually(() => framesOf() > judged + 15, 'more frames');
    await eventually(() => filesBelow(captures).length > stored, 'a visit that is delivered');
    const { bavail, bsize } = statfsSync(disk);
    // A tenth, but for the last drawing and for frames that wait.
    expect(bavail * bsize).toBeGreaterThan(0);
    expect(await agent.stop('SIGINT')).toBe(0);
    expect(await receiver.stop()).toBe(0);
    const drawn = readdirSync(join(disk, 'drawn'));
    expect(drawn.length).toBeGreaterThan(1);
    for (const name of drawn)
      expect(statSync(join(disk, 'drawn', name)).size).toBeGreaterThan(1000);
  });
});

/** `agent unpair`: the key goes, frames wait, and nothing is sent unencrypted. */
import { describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { filesBelow } from '../support/files.js';
import { household } from '../support/pairing.js';
import { root, run, startAgent } from '../support/programs.js';
import { temporaryDirectory } from '../support/temporary.js';

describe('agent unpair', () => {
  it('removes the key of the receiver, names the known ones, and keeps frames', async () => {
    const home = household();
    const env = { XDG_CONFIG_HOME: temporaryDirectory() };
    const { address, ...receiver } = await home.receive();
    const typed = (...args: string[]) =>
      run(process.execPath, [`${root}dist/agent.js`, ...args, '--state', home.state], { env });
    const line = await home.line('yard', address);
    expect(await typed(...line.slice(1))).toMatchObject({ code: 0 });
    expect(await typed('unpair', 'other')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(`it is paired with ${address}`) as string,
    });

    await receiver.stop();
    const agent = startAgent(home.scene(address), { env });
    await eventually(
      () => filesBelow(home.state).filter((name) => /^spool\/.*\.jpg$/.test(name)).length > 2,
      'frames that wait',
    );
    await agent.stop();
    const { code, stdout } = await typed('unpair', address);
    expect(code).toBe(0);
    expect(stdout).toContain(`removed the key for ${address}, where this camera is yard`);
    expect(stdout).toMatch(/^\d+ frames for it wait in \S+\/spool; .* agent pair/m);
    expect(stdout).toContain('there: receiver unpair yard');
    expect(filesBelow(`${home.state}/keys`, { hidden: true })).not.toContainEqual(
      expect.stringMatching(/\.json$/),
    );
    expect(await typed('unpair', address)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('this agent is not paired') as string,
    });
    const again = await run(
      process.execPath,
      [`${root}dist/agent.js`, ...home.scene(address), '--once', '--send-timeout', '1s'],
      { env },
    );
    expect(again.stderr).toContain('nothing is sent in the clear');
  });
});

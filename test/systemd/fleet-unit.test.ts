/** The unit of a receiver behind a load balancer, as docs/fleet.md has it set up. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { root } from '../support/programs.js';
import { stubKeys } from '../support/s3-stub.js';
import { bringStore, labEndpoint, whyNoStoreLab, writeKeys } from './lab-store.js';
import type { Lab } from './lab.js';
import { bootShipped, writeInLab } from './shipped.js';

const why = whyNoStoreLab();
const service = 'surveillance-fleet.service';

/** The settings of docs/fleet.md, with the addresses of the lab. */
function settings(): string {
  const docs = readFileSync(`${root}docs/fleet.md`, 'utf8');
  const lines = docs.match(/^RECEIVER_[A-Z0-9_]+=.*$/gm) ?? [];
  expect(lines).toHaveLength(7);
  return `${lines.join('\n')}\n`
    .replace('https://s3.example.org', labEndpoint)
    .replaceAll('192.168.1.11', '127.0.0.1')
    .replace('192.168.1.10', '127.0.0.2');
}

describe.skipIf(why !== undefined)(`a receiver of a fleet ${why ?? ''}`, () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await bootShipped();
  });
  afterAll(() => lab.close());

  it('has its keys from credentials, takes frames, answers the balancer, and ends in time', async () => {
    const stub = await bringStore(lab);
    await writeKeys(lab, stubKeys);
    writeInLab(lab, '/etc/credstore/picchanged-keys', `yard.k1 ${'5e'.repeat(32)}\n`);
    await lab.must('chmod', '-R', 'go=', '/etc/credstore');
    writeInLab(lab, '/etc/picchanged/fleet.env', settings());
    writeInLab(lab, '/srv/yard.jpg', readFileSync(`${root}test/fixtures/visit/f00205.jpg`));
    await lab.must('systemctl', 'start', service);
    const health = (): Promise<string> =>
      lab
        .sh(
          'exec 3<>/dev/tcp/127.0.0.1/4445 && printf "GET /health HTTP/1.0\\r\\n\\r\\n" >&3 && cat <&3',
        )
        .then(({ stdout }) => stdout);
    await eventually(
      async () => (await health()).startsWith('HTTP/1.1 200'),
      'a good answer',
    ).catch(async (cause: unknown) => {
      throw new Error(`no answer. The journal:\n${await lab.journal(service)}`, { cause });
    });
    const source = '--camera yard --source file:/srv/yard.jpg --all --once --state /run/yard';
    const agent = `CREDENTIALS_DIRECTORY=/etc/credstore agent --host 127.0.0.1 ${source}`;
    expect(await lab.sh(agent)).toMatchObject({ code: 0 });
    const frames = [...stub.objects.keys()].filter((key) => key.endsWith('.jpg'));
    expect(frames).toEqual([expect.stringMatching(/^home\/yard\//)]);
    const stopping = lab.must('systemctl', 'stop', service);
    await eventually(async () => (await health()).includes('503'), 'draining');
    await stopping;
    expect(await lab.show(service, 'Result')).toBe('success');
    expect(await lab.journal(service)).not.toContain(stubKeys.secretAccessKey);
  });
});

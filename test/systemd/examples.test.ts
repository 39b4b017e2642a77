/** The tutorial's first two systems, as shipped, with the real socat. */
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { filesBelow } from '../support/files.js';
import { missing } from '../support/programs.js';
import { type Lab, whyNoLab } from './lab.js';
import { bootShipped, writeInLab } from './shipped.js';

const why = whyNoLab() ?? missing('socat', 'socat');
const folder = '/var/lib/private/filetrans';
const pdf = Buffer.concat([
  Buffer.from('%PDF-1.7\n%\xe2\xe3\xcf\xd3\n', 'latin1'),
  Buffer.from(Uint8Array.from({ length: 3_000_000 }, (_, index) => (index * 7919) % 251)),
  Buffer.from('\nstartxref\n9\n%%EOF\n'),
]);

describe.skipIf(why !== undefined)(`the examples ${why ?? ''}`, () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await bootShipped();
    await lab.must('systemctl', 'start', 'echo.socket', 'filetrans.socket');
    writeInLab(lab, '/srv/manual.pdf', pdf);
  });
  afterAll(() => lab.close());

  const stored = (): string[] => {
    try {
      return readdirSync(lab.path(folder)).filter((name) => !name.startsWith('.'));
    } catch {
      return []; // not made yet
    }
  };

  it('answer in upper case', async () => {
    const { stdout } = await lab.sh(
      String.raw`printf 'hello computer\r\n' | socat -t60 - TCP:localhost:4445`,
    );
    expect(stdout).toBe('HELLO COMPUTER\r\n');
  });

  it('answer no line that is too long, and serve the next one', async () => {
    const { stdout } = await lab.sh('head -c 100000 /dev/zero | socat -t60 - TCP:localhost:4445');
    expect(stdout).toBe('a line may have 4096 bytes at most\n');
    expect((await lab.sh('echo again | socat -t60 - TCP:localhost:4445')).stdout).toBe('AGAIN\n');
  });

  it('take a PDF as it is, twice without overwriting, and say its name', async () => {
    for (const count of [1, 2]) {
      const { stdout } = await lab.sh('cat /srv/manual.pdf | socat -t60 - TCP:localhost:4446');
      expect(stored()).toHaveLength(count);
      expect(stdout).toMatch(/^\d+ bytes, stored as \d{4}(_\d\d){5}_\d{3}[+-]\d{4}\.pdf\n$/);
    }
    for (const name of stored()) {
      expect(readFileSync(lab.path(`${folder}/${name}`)).equals(pdf)).toBe(true);
    }
    expect(await lab.must('stat', '--format', '%a', folder)).toBe('700');
  });

  /** Bytes of each file that is being received. */
  const incoming = (): number[] => {
    const path = lab.path(`${folder}/.incoming`);
    try {
      return readdirSync(path).map((name) => statSync(`${path}/${name}`).size);
    } catch {
      return []; // not made yet, or stored or removed meanwhile
    }
  };

  /** Begins a file, and waits until all of its bytes so far are received. */
  const begin = async (piece: string, bytes: number) => {
    const line = `(${piece}; sleep 600) | socat - TCP:localhost:4446`;
    const sender = lab.start('bash', '-c', line);
    await eventually(() => incoming().includes(bytes), `${bytes} bytes that are received`);
    return sender;
  };

  it.each([
    [
      'half a PDF that ends in order',
      () => lab.sh('head -c 1000000 /srv/manual.pdf | socat - TCP:localhost:4446'),
    ],
    [
      'any file whose sender is killed in the middle',
      async () => {
        await begin('head -c 200000 /srv/manual.pdf | tail -c 100000', 100_000);
        await lab.sh('pkill -KILL socat; pkill sleep');
      },
    ],
  ])('keep nothing of %s', async (_, send) => {
    const before = stored();
    const refused = async (): Promise<number> => {
      const words = await lab.must('journalctl', '--output', 'cat', '--unit', 'filetrans@*');
      return words.split('file discarded').length;
    };
    const count = await refused();
    await send();
    await eventually(async () => (await refused()) > count, 'a refusal in the journal');
    expect(stored()).toEqual(before);
    expect(
      filesBelow(lab.path(folder), { hidden: true }).filter((name) => name.endsWith('.part')),
    ).toEqual([]);
  });

  it('keep nothing of a file that is being received when the service is stopped', async () => {
    const before = stored();
    const sender = await begin('head -c 1000000 /srv/manual.pdf', 1_000_000);
    await lab.must('systemctl', 'stop', 'filetrans@*');
    await lab.until('filetrans.socket', 'NConnections', '0');
    expect(stored()).toEqual(before);
    expect(incoming()).toEqual([]);
    sender.kill();
    await lab.sh('pkill sleep');
  });
});

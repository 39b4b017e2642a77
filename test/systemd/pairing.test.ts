/** Installation and pairing together, in a real systemd: what is typed beside the services is meant for them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { filesBelow } from '../support/files.js';
import { missing } from '../support/programs.js';
import { Lab, packageAt, whyNoLab } from './lab.js';
import { writeInLab } from './shipped.js';

const why = whyNoLab() ?? missing('fswebcam', 'fswebcam') ?? missing('socat', 'socat');
const folder = '/opt/picchanged';
const captures = '/srv/captures';
const receiverKeys = '/var/lib/surveillance/.keys';
/** What keeps a paired agent from speaking in the clear when its keys are gone. */
const pairedMarks = '/etc/picchanged/paired';
const agentKeys = '/var/lib/picchanged/agent/keys';

describe.skipIf(why !== undefined)(
  `pairing of services${why === undefined ? '' : ` (${why})`}`,
  () => {
    let lab: Lab;
    beforeAll(async () => {
      lab = await Lab.boot({
        copies: packageAt(folder),
      });
    });
    afterAll(() => lab.close());

    const typed = (name: string) => {
      const words = ['node', `${folder}/dist/${name}.js`];
      return {
        run: (...args: string[]) => lab.run(...words, ...args),
        must: (...args: string[]) => lab.must(...words, ...args),
        doctor: async () => {
          const { stdout } = await lab.run(...words, 'doctor', '--json');
          const { ok, findings } = JSON.parse(stdout) as {
            ok: boolean;
            findings: { check: string; level: string; says: string }[];
          };
          return { ok, pairing: findings.filter(({ check }) => check === 'pairing') };
        },
      };
    };
    const agent = typed('agent');
    const receiver = typed('receiver');

    const names = (camera: string): string[] => {
      try {
        return filesBelow(lab.path(`${captures}/${camera}`)).filter((name) =>
          name.endsWith('.jpg'),
        );
      } catch {
        return []; // not made yet
      }
    };
    const comesMore = async (camera: string): Promise<void> => {
      const before = names(camera).length;
      await eventually(() => names(camera).length > before, `more frames of ${camera}`);
    };
    const sendRaw = async (): Promise<string> => {
      const line = `fswebcam --quiet --device TEST: --resolution 160x120 - | socat -t60 - TCP:localhost:4444`;
      return (await lab.sh(line)).stdout;
    };
    /** What `receiver pair` prints for the camera, as words to type there. */
    const pairingLine = async (...args: string[]): Promise<string[]> => {
      const line = await receiver.must('pair', ...args);
      return line.split(' ').slice(1);
    };
    const typeAtCamera = async (line: readonly string[]): Promise<string> => agent.must(...line);
    const secretsIn = async (...folders: string[]): Promise<string[]> => {
      const { stdout } = await lab.run('grep', '-rhoE', String.raw`\b[0-9a-f]{64}\b`, ...folders);
      return stdout.split('\n').filter((secret) => secret !== '');
    };
    const install = async (): Promise<void> => {
      await receiver.must('install', '--dir', captures);
      const camera = ['--device', 'TEST:', '--camera', 'yard', '--resolution', '160x120'];
      const pace = ['--interval', '500ms', '--all'];
      await agent.must('install', '--host', 'localhost', ...camera, ...pace);
    };

    it('is two lines typed as root: then frames come over TLS, and raw ones are refused', async () => {
      await install();
      await comesMore('yard');
      expect(await sendRaw()).toBe('');
      expect(await lab.must('stat', '-c', '%U %a', receiverKeys)).toBe('surveillance 700');
      expect((await receiver.doctor()).pairing).toMatchObject([{ level: 'warning' }]);
      expect((await agent.doctor()).pairing).toMatchObject([{ level: 'warning' }]);

      const line = await pairingLine('frontdoor', '--host', 'localhost');
      expect(line.slice(0, 2)).toEqual(['pair', 'localhost:4444']);
      const [codeKey = ''] = await secretsIn(receiverKeys);
      expect(await typeAtCamera(line)).toContain(`as frontdoor; the key is in ${agentKeys}`);
      await comesMore('frontdoor');
      await comesMore('frontdoor');
      expect(await sendRaw()).toMatch(/^this receiver accepts paired cameras only: /);

      const owners = ['-type', 'f', '-printf', '%u %m\n'];
      const ofReceiver = await lab.must('find', receiverKeys, ...owners);
      expect(new Set(ofReceiver.split('\n'))).toEqual(new Set(['surveillance 600']));
      expect(await lab.must('find', agentKeys, ...owners)).toBe('picchanged 600');
      expect(await receiver.doctor()).toMatchObject({
        ok: true,
        pairing: [{ level: 'ok', says: expect.stringContaining('frontdoor') as string }],
      });
      expect(await agent.doctor()).toMatchObject({
        ok: true,
        pairing: [{ level: 'ok', says: expect.stringContaining('as frontdoor') as string }],
      });
      expect(await receiver.must('status')).toMatch(/frontdoor: .*paired/);
      expect(await agent.must('status')).toContain('paired with localhost:4444 as frontdoor');

      const secrets = [codeKey, ...(await secretsIn(receiverKeys, agentKeys))];
      expect(new Set(secrets).size).toBe(2);
      const journal = await lab.must('journalctl', '--no-pager', '--output', 'verbose');
      for (const secret of [...secrets, line[2]]) expect(journal).not.toContain(secret);
    });

    it('goes on with a process for each connection', async () => {
      await receiver.must('install', '--accept');
      await comesMore('frontdoor');
      expect(await lab.show('surveillance.socket', 'NConnections')).not.toBe('0');
      expect(await sendRaw()).toMatch(/^this receiver accepts paired cameras only: /);
      expect(
        await typeAtCamera(await pairingLine('frontdoor', '--rotate', '--host', 'localhost')),
      ).toContain('as frontdoor');
      await comesMore('frontdoor');
      expect((await receiver.doctor()).ok).toBe(true);
    });

    it('sends nothing in the clear when the keys are gone, and nothing at all without its folder', async () => {
      const state = '/var/lib/picchanged/agent';
      expect(await lab.must('stat', '-c', '%U %a', pairedMarks)).toBe('root 755');
      await lab.must('systemctl', 'stop', 'picchanged-watch.service');
      await lab.must('mv', agentKeys, '/root/keys');
      await lab.must('systemctl', 'start', 'picchanged-watch.service');
      await lab.says('picchanged-watch.service', 'nothing is sent in the clear');
      expect((await agent.doctor()).pairing).toMatchObject([{ level: 'fault' }]);
      await lab.must('mv', '/root/keys', agentKeys);
      await comesMore('frontdoor');

      await lab.must('systemctl', 'stop', 'picchanged-watch.service');
      await lab.must('mv', state, '/root/state');
      expect((await lab.run('systemctl', 'start', 'picchanged-watch.service')).code).toBe(1);
      expect((await lab.run('ls', state)).stdout).toBe('');
      await lab.must('systemctl', 'stop', 'picchanged-watch.service');
      await lab.must('rmdir', state);
      await lab.must('mv', '/root/state', state);
      await lab.must('systemctl', 'start', 'picchanged-watch.service');
      await comesMore('frontdoor');
    });

    it('ends when the camera is unpaired: its frames wait, and go on once it is paired again', async () => {
      await receiver.must('unpair', 'frontdoor');
      await lab.says('picchanged-watch.service', 'the receiver does not know this key');
      const count = names('frontdoor').length;
      await eventually(async () => /frames .* waiting/.test(await agent.must('status')), 'waiting');
      expect(names('frontdoor')).toHaveLength(count);
      expect((await agent.doctor()).ok).toBe(false);
      expect(await typeAtCamera(await pairingLine('frontdoor', '--host', 'localhost'))).toContain(
        'as frontdoor',
      );
      await comesMore('frontdoor');
    });

    it('outlives uninstall, which says where the keys are, and install again', async () => {
      expect(await agent.must('uninstall')).toContain(
        'keep     /var/lib/picchanged/agent: keys are in it',
      );
      expect(await receiver.must('uninstall')).toContain(
        `keep     ${receiverKeys}: keys of cameras are in it`,
      );
      await install();
      await comesMore('frontdoor');
      expect(await sendRaw()).toMatch(/^this receiver accepts paired cameras only: /);
      await agent.must('uninstall');
      await receiver.must('uninstall');
      const all = ['/var/lib/picchanged', '/var/lib/surveillance', pairedMarks, captures];
      await lab.must('rm', '-r', ...all);
    });

    it('has its keys where it is told, and prints the port that is installed', async () => {
      const keys = '/srv/keys of mine';
      await receiver.must('install', '--keys', keys, '--listen', '4448', '--accept');
      expect(await lab.must('stat', '-c', '%U %a', keys)).toBe('surveillance 700');
      const line = await pairingLine('yard', '--host', 'localhost');
      expect(line[1]).toBe('localhost:4444');
      const own = await pairingLine('yard');
      expect(own[1]).toMatch(/:4448$/);
      await agent.must(
        ...['install', '--host', 'localhost:4448', '--source', 'scene', '--interval', '500ms'],
      );
      await typeAtCamera(['pair', 'localhost:4448', own[2] ?? '']);
      await eventually(
        () =>
          filesBelow(lab.path('/var/lib/surveillance')).some((name) => /yard\/.*jpg$/.test(name)),
        'frames of the yard',
      );
      await receiver.must('install');
      await agent.must('uninstall');
      expect(await receiver.must('uninstall')).toContain(`keep     ${keys}: keys of cameras`);
      const all = ['/var/lib/picchanged', '/var/lib/surveillance', pairedMarks, keys];
      await lab.must('rm', '-r', ...all);
    });

    it('is done for a fleet by a file that systemd hands over to both', async () => {
      const line = `yard.k1 ${'9f86d081'.repeat(8)}\n`;
      writeInLab(lab, '/etc/credstore/picchanged-keys', line);
      await lab.must('chmod', '600', '/etc/credstore/picchanged-keys');
      await install();
      await comesMore('yard');
      expect(await sendRaw()).toMatch(/^this receiver accepts paired cameras only: /);
      await agent.must('uninstall');
      await receiver.must('uninstall');
    });
  },
);

/** `receiver install` with a bucket and `--health`: the service runs all the time, answers a balancer, and drains. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { makeJpeg } from '../support/pictures.js';
import { stubKeys } from '../support/s3-stub.js';
import {
  bootPackage,
  bringStore,
  folder,
  labEndpoint as endpoint,
  place,
  whyNoStoreLab,
  writeKeys,
} from './lab-store.js';
import type { Lab } from './lab.js';

const why = whyNoStoreLab();
const service = 'surveillance-many.service';
const socket = 'surveillance-many.socket';

describe.skipIf(why !== undefined)(`a service behind a balancer ${why ?? ''}`, () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await bootPackage();
  });
  afterAll(() => lab.close());

  const receiver = (...args: string[]) => lab.run('node', `${folder}/dist/receiver.js`, ...args);
  const health = async (): Promise<string> => {
    const status = ['--output', '/dev/null', '--write-out', '%{http_code}'];
    const { stdout } = await lab.run(
      ...['curl', '--silent', '--max-time', '20', ...status, 'http://127.0.0.1:4445/health'],
    );
    return stdout;
  };
  const answers = (wanted: string): Promise<unknown> =>
    eventually(async () => (await health()) === wanted, `health ${wanted}`).catch(
      async (cause: unknown) => {
        throw new Error(`no ${wanted}. The journal:\n${await lab.journal(service)}`, { cause });
      },
    );

  it('starts with its socket, answers, drains at its end, and goes back to one that ends when idle', async () => {
    const stub = await bringStore(lab);
    await writeKeys(lab, stubKeys);
    const flags = ['--s3-endpoint', endpoint, '--health', '4445', '--drain', '3s'];
    const refused = await receiver('install', '--dir', '/srv/captures', ...flags.slice(2));
    expect(refused).toMatchObject({ code: 2 });
    expect(refused.stderr).toContain('install does not accept --health with a directory');

    expect(await receiver('install', '--dir', place, ...flags)).toMatchObject({ code: 0 });
    await answers('200');
    expect(await lab.show(service, 'ActiveState')).toBe('active');
    await lab.runWithInput(makeJpeg(1), 'socat', '-t', '20', '-', 'TCP:127.0.0.1:4444');
    const frames = (): number => [...stub.objects.keys()].filter((key) => /jpg$/.test(key)).length;
    await eventually(() => frames() === 1, 'a frame');
    const doctor = JSON.parse((await receiver('doctor', '--json')).stdout) as object;
    expect(doctor).toMatchObject({
      ok: true,
      findings: expect.arrayContaining([
        expect.objectContaining({ check: 'health', level: 'ok' }),
      ]) as object,
    });
    stub.fault = () => ({ kind: 'refuse', status: 500, code: 'InternalError' });
    await answers('503');
    stub.fault = () => undefined;
    await answers('200');

    // As at the end of the machine: the socket is stopped, and the service before it.
    const stopping = lab.must('systemctl', 'stop', socket, service);
    await answers('503');
    await stopping;
    expect(await lab.show(service, 'Result')).toBe('success');
    // As at its start.
    await lab.must('systemctl', 'start', 'sockets.target');
    await answers('200');
    // An install that changes nothing, and one that changes it.
    expect((await receiver('install')).stdout).toContain('nothing has changed');
    await answers('200');
    expect(await receiver('install', '--drain', 'none')).toMatchObject({ code: 0 });
    await answers('200');

    expect(await receiver('install', '--health', 'none')).toMatchObject({ code: 0, stderr: '' });
    expect(await health()).toBe('000');
    const files = await lab.sh('ls /etc/systemd/system/surveillance-many.*.d');
    expect(files.stdout).not.toContain('health.conf');
    expect(await lab.must('systemctl', 'cat', service)).toContain('--idle-exit 1m');
    expect(await receiver('uninstall')).toMatchObject({ code: 0 });
  });
});

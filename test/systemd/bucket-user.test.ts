/** `receiver install --user` with a bucket: services of one user, with keys from a file of that user's. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { makeJpeg } from '../support/pictures.js';
import { stubKeys } from '../support/s3-stub.js';
import {
  bootPackage,
  bringStore,
  folder,
  keysText,
  labEndpoint as endpoint,
  place,
  whyNoStoreLab,
  writeKeys,
} from './lab-store.js';
import type { Lab, Outcome } from './lab.js';

const why = whyNoStoreLab();
const keysFile = '/home/fred/s3-keys';

describe.skipIf(why !== undefined)(`a user's services with a bucket ${why ?? ''}`, () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await bootPackage();
    await lab.must('useradd', '--create-home', '--uid', '4321', 'fred');
    await lab.must('systemctl', 'start', 'user@4321.service');
  });
  afterAll(() => lab.close());

  const variables = ['HOME=/home/fred', 'XDG_RUNTIME_DIR=/run/user/4321', 'PATH=/usr/bin:/bin'];
  const receiver = (...args: string[]): Promise<Outcome> =>
    lab.run(
      ...['runuser', '-u', 'fred', '--', 'env', ...variables],
      ...['node', `${folder}/dist/receiver.js`, ...args, '--user'],
    );

  it('store, show and delete, and are removed', async () => {
    const stub = await bringStore(lab);
    const flags = ['--dir', place, '--s3-endpoint', endpoint, '--web', '8080', '--max-age', '30d'];
    const install = (...args: string[]) => receiver('install', ...flags, ...args);
    expect((await install()).stderr).toContain('--s3-credentials FILE is missing');
    await writeKeys(lab, stubKeys, { path: keysFile, mode: '644' });
    await lab.must('chown', 'fred:', keysFile);
    const given = ['--s3-credentials', keysFile];
    expect((await install(...given)).stderr).toContain('other users may read or change');
    await lab.must('chmod', '600', keysFile);
    expect(await install(...given)).toMatchObject({ code: 0, stderr: '' });

    await lab.runWithInput(makeJpeg(1), 'socat', '-t', '20', '-', 'TCP:127.0.0.1:4444');
    const isStored = (): boolean => [...stub.objects.keys()].some((key) => key.endsWith('.jpg'));
    await eventually(isStored, 'a frame');
    await eventually(async () => {
      const { stdout } = await lab.sh('curl --silent http://127.0.0.1:8080/api/v1/cameras');
      return stdout.includes('"frame/');
    }, 'a frame in the viewer');
    const status = await receiver('status');
    expect(status).toMatchObject({ code: 0, stderr: '' });
    expect(status.stdout).toContain('raw-127-0-0-1: last frame');
    const pruned = await lab.run(
      ...['runuser', '-u', 'fred', '--', 'env', ...variables],
      ...['systemctl', '--user', 'start', 'picchanged-prune.service'],
    );
    expect(pruned).toMatchObject({ code: 0 });
    const doctor = await receiver('doctor', '--json');
    expect(JSON.parse(doctor.stdout)).toMatchObject({ ok: true });

    expect(await receiver('uninstall')).toMatchObject({ code: 0 });
    const left = await lab.run('find', '/home/fred/.config', '/home/fred/.local', '-type', 'f');
    expect(left.stdout).toBe('');
    expect(await lab.must('cat', keysFile)).toBe(keysText(stubKeys).trim());
  });
});

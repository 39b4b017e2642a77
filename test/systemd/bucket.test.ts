/** `receiver install` with a bucket, in a real systemd: frames arrive in it, and the sandbox opens the network alone. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { makeJpeg } from '../support/pictures.js';
import { stubKeys } from '../support/s3-stub.js';
import {
  bootPackage,
  bringStore,
  credential,
  folder,
  keysText,
  labEndpoint as endpoint,
  place,
  whyNoStoreLab,
  writeKeys,
} from './lab-store.js';
import type { Lab } from './lab.js';

const why = whyNoStoreLab();
const service = 'surveillance-many.service';
const dropIn = `/etc/systemd/system/${service}.d/bucket.conf`;

interface Findings {
  readonly ok: boolean;
  readonly findings: readonly { check: string; level: string; says: string; todo?: string }[];
}

describe.skipIf(why !== undefined)(`a service with a bucket ${why ?? ''}`, () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await bootPackage();
  });
  afterAll(() => lab.close());

  const receiver = (...args: string[]) => lab.run('node', `${folder}/dist/receiver.js`, ...args);
  const installed = (...args: string[]) => receiver('install', '--s3-endpoint', endpoint, ...args);
  const doctor = async (): Promise<Findings> =>
    JSON.parse((await receiver('doctor', '--json')).stdout) as Findings;

  it('is installed, stores frames, is checked, and is removed', async () => {
    const stub = await bringStore(lab);
    const without = await installed('--dir', place);
    expect(without).toMatchObject({ code: 2 });
    expect(without.stderr).toContain(`the keys of the object store are not in ${credential}`);
    await writeKeys(lab, stubKeys, { mode: '644' });
    expect((await installed('--dir', place)).stderr).toContain('other users than root may read');
    expect((await lab.run('test', '-e', dropIn)).code).toBe(1);

    await writeKeys(lab, stubKeys);
    expect(await installed('--dir', place)).toMatchObject({ code: 0, stderr: '' });
    expect(await lab.show(service, 'PrivateNetwork')).toBe('no');
    await lab.must(
      ...['node', `${folder}/dist/agent.js`, 'install', '--host', '127.0.0.1'],
      ...['--device', 'TEST:', '--camera', 'yard'],
    );
    const frames = (): string[] => [...stub.objects.keys()].filter((key) => key.endsWith('.jpg'));
    await eventually(() => frames().length > 0, 'a frame').catch(async (cause: unknown) => {
      throw new Error(`no frame. The journal:\n${await lab.journal(service)}`, { cause });
    });
    expect(frames()[0]).toMatch(/^cams\/yard\//);

    const { ok, findings } = await doctor();
    expect({ ok, findings }).toMatchObject({ ok: true });
    const checks = findings.map(({ check }) => check);
    expect(checks).toEqual(
      expect.arrayContaining(['bucket', 'marker', 'condition', 'write', 'list', 'remove', 'port']),
    );
    const { code: shows, stdout: status } = await receiver('status');
    expect(shows).toBe(0);
    expect(status).toContain(`captures are in ${place}`);
    expect(status).toMatch(/^yard: last frame .*, \d+ frames? today/m);
    expect(status).toContain('space: how much the bucket holds was not counted here');
    expect(findings).toContainEqual({
      ...{ check: 'cameras', level: 'ok' },
      says: expect.stringMatching(/^yard: last frame/) as string,
    });
    expect((await receiver('report')).stdout).toContain('yard');
    expect(await receiver('config', '--check')).toMatchObject({ code: 0 });
    // Again, without a flag: as after an update.
    expect(await receiver('install')).toMatchObject({ code: 0, stderr: '' });
    const journal = await lab.must('journalctl', '--output', 'cat', '--no-pager');
    expect(journal).not.toContain(stubKeys.secretAccessKey);
    expect(await lab.must('stat', '-c', '%U %a', credential)).toBe('root 600');

    const exposure = await lab.must('systemd-analyze', 'security', '--no-pager', service);
    const [, figure = '10'] = /Overall exposure level for \S+: ([\d.]+)/.exec(exposure) ?? [];
    expect(Number(figure)).toBeLessThanOrEqual(2);

    await writeKeys(lab, { ...stubKeys, secretAccessKey: 'wrong' });
    const wrong = await doctor();
    expect(wrong.ok).toBe(false);
    expect(wrong.findings).toContainEqual({
      ...{ check: 'bucket', level: 'fault' },
      says: expect.stringContaining('SignatureDoesNotMatch') as string,
      todo: 'AWS_SECRET_ACCESS_KEY or --s3-region is not the right one',
    });

    // To a directory and back: the network is closed and opened.
    expect(await receiver('install', '--dir', '/srv/captures')).toMatchObject({ code: 0 });
    expect(await lab.show(service, 'PrivateNetwork')).toBe('yes');
    expect((await lab.run('test', '-e', dropIn)).code).toBe(1);
    await writeKeys(lab, stubKeys);
    expect(await installed('--dir', place)).toMatchObject({ code: 0, stderr: '' });
    const before = frames().length;
    await lab.runWithInput(makeJpeg(1), 'socat', '-t', '20', '-', 'TCP:127.0.0.1:4444');
    await eventually(() => frames().length > before, 'another frame');

    const { code, stdout } = await receiver('uninstall');
    expect(code).toBe(0);
    expect(stdout).toContain(place);
    expect(stdout).toContain(credential);
    expect((await lab.run('test', '-e', dropIn)).code).toBe(1);
    expect(await lab.must('cat', credential)).toBe(keysText(stubKeys).trim());
    console.log(`exposure of ${service} with a bucket: ${figure}`);
  });
});

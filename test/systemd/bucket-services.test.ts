/** What `receiver install` sets up beside a receiver with a bucket, each in its sandbox: limits, viewer, notices. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { root } from '../support/programs.js';
import { type S3Stub, stubKeys } from '../support/s3-stub.js';
import {
  bootPackage,
  bringStore,
  credential,
  folder,
  labEndpoint as endpoint,
  place,
  whyNoStoreLab,
  writeKeys,
} from './lab-store.js';
import type { Lab } from './lab.js';
import { writeInLab } from './shipped.js';

const why = whyNoStoreLab();
const camera = 'raw-127-0-0-1';
const services = ['surveillance-many', 'picchanged-prune', 'picchanged-keep', 'picchanged-web'];
const all = [...services, 'picchanged-notify'].map((name) => `${name}.service`);

describe.skipIf(why !== undefined)(`services with a bucket ${why ?? ''}`, () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await bootPackage();
  });
  afterAll(() => lab.close());

  const words = ['node', `${folder}/dist/receiver.js`];
  const run = (...args: string[]) => lab.run(...words, ...args);
  const must = (...args: string[]) => lab.must(...words, ...args);
  const dropIn = (service: string): string => `/etc/systemd/system/${service}.d/bucket.conf`;
  const frames = ({ objects }: S3Stub): string[] =>
    [...objects].flatMap(([key, { body }]) =>
      key.endsWith('.jpg') && body.length > 0 ? [key] : [],
    );
  const send = async (stub: S3Stub, fixture: string): Promise<void> => {
    const before = frames(stub).length;
    const picture = readFileSync(`${root}test/fixtures/visit/${fixture}`);
    await lab.runWithInput(picture, 'socat', '-t', '20', '-', 'TCP:127.0.0.1:4444');
    await eventually(() => frames(stub).length > before, 'one more frame').catch(
      async (cause: unknown) => {
        const journal = await lab.journal('surveillance-many.service');
        throw new Error(`no frame. The journal:\n${journal}`, { cause });
      },
    );
  };
  const ask = (path: string, ...args: string[]): Promise<string> =>
    lab.must(
      'curl',
      '--silent',
      '--show-error',
      '--fail-with-body',
      '--max-time',
      '20',
      ...args,
      path,
    );
  const viewer = (path: string, ...args: string[]): Promise<string> =>
    ask(`http://127.0.0.1:8080/api/v1/${path}`, ...args);
  const shownFrame = (): Promise<string> =>
    eventually(async () => {
      const { stdout } = await lab.sh('curl --silent http://127.0.0.1:8080/api/v1/cameras');
      return /"url":"(frame\/[^"]+)"/.exec(stdout)?.[1];
    }, 'a frame in the viewer').catch(async (cause: unknown) => {
      const journal = await lab.journal('picchanged-web.service');
      throw new Error(`no frame. The viewer's journal:\n${journal}`, { cause });
    });

  it('show, keep, announce and delete, and are gone with a directory and after uninstall', async () => {
    const stub = await bringStore(lab);
    const { secretAccessKey } = stubKeys;
    await writeKeys(lab, stubKeys);
    const announce = '/usr/local/bin/announce';
    writeInLab(
      lab,
      announce,
      '#!/bin/sh\ncat "$PICCHANGED_FRAME" >"${STATE_DIRECTORY:-/tmp}/picture"\necho "$PICCHANGED_NOTICE" >>"${STATE_DIRECTORY:-/tmp}/said"\n',
    );
    await lab.must('chmod', '755', announce);

    for (const [flag, words] of [
      [['--min-free', '10%'], 'a bucket has no free space'],
      [['--accept'], '--accept does not work with'],
      [['--drain', '3s'], '--drain needs --health'],
      [['--cache', '/srv/cache'], 'the units set it'],
      [['--s3-credentials', '/srv/keys'], '/etc/credstore/picchanged-s3'],
    ] as const) {
      const { code, stderr } = await run(
        'install',
        '--dir',
        place,
        '--s3-endpoint',
        endpoint,
        ...flag,
      );
      expect({ code, stderr }).toEqual({
        code: 2,
        stderr: expect.stringContaining(words) as string,
      });
    }
    const flags = ['--web', '8080', '--on-event', JSON.stringify([announce]), '--max-size', '1GiB'];
    await must('install', '--dir', place, '--s3-endpoint', endpoint, ...flags);
    for (const service of all) {
      expect(await lab.show(service, 'PrivateNetwork')).toBe('no');
      expect(await lab.must('systemctl', 'cat', service)).not.toContain(secretAccessKey);
    }

    // The viewer.
    await send(stub, 'f00205.jpg');
    const url = await shownFrame();
    await viewer(url, '--output', '/run/shown.jpg');
    const [stored] = frames(stub);
    const body = stub.objects.get(stored ?? '')?.body;
    expect(body?.equals(readFileSync(lab.path('/run/shown.jpg')))).toBe(true);
    const isKept = (kind: string): boolean =>
      [...stub.objects].some(
        ([key, { body: text }]) => key.includes('record.d/n-') && text.includes(`"${kind}"`),
      );
    const json = ['--header', 'content-type: application/json', '--data'];
    const wish = JSON.stringify({ camera, frame: url, keep: true });
    expect(await viewer('keep', ...json, wish)).toBe('{"waiting":false}');
    expect(isKept('kept')).toBe(true);
    const unwish = JSON.stringify({ camera, frame: url, keep: false });
    expect(await viewer('keep', ...json, unwish)).toBe('{"waiting":false}');
    expect(isKept('unkept')).toBe(true);

    // The notices, with the picture.
    expect(await must('notify', '--test')).toContain(`ok     --on-event ${announce}`);
    const state = '/var/lib/picchanged-notify';
    writeInLab(lab, '/srv/yard.jpg', readFileSync(`${root}test/fixtures/visit/f00205.jpg`));
    await lab.must(
      ...['node', `${folder}/dist/agent.js`, 'install', '--host', '127.0.0.1', '--camera', 'yard'],
      ...['--device', 'FILE:/srv/yard.jpg', '--resolution', '640x480', '--skip', '0'],
      ...['--interval', '200ms'],
    );
    await eventually(() => frames(stub).some((key) => key.startsWith('cams/yard/')), 'a yard');
    writeInLab(lab, '/srv/yard.jpg', readFileSync(`${root}test/fixtures/visit/f00277.jpg`));
    await eventually(
      async () => (await lab.sh(`cat ${state}/said`)).stdout.startsWith('event'),
      'a notice',
    ).catch(async (cause: unknown) => {
      const journal = await lab.journal('picchanged-notify.service');
      throw new Error(`no notice. Its journal:\n${journal}`, { cause });
    });
    expect((await lab.sh(`head -c 2 ${state}/picture | od -An -tx1`)).stdout.trim()).toBe('ff d8');
    await lab.must('node', `${folder}/dist/agent.js`, 'uninstall');

    const doctor = JSON.parse((await run('doctor', '--json')).stdout) as object;
    expect(doctor).toMatchObject({
      ok: true,
      findings: expect.arrayContaining([
        expect.objectContaining({ check: 'viewer', level: 'ok' }),
        expect.objectContaining({ check: 'notices', level: 'ok' }),
        expect.objectContaining({ check: 'keeping', level: 'ok' }),
      ]) as object,
    });

    // The limits.
    const bytes = (): number =>
      frames(stub).reduce((sum, key) => sum + (stub.objects.get(key)?.body.length ?? 0), 0);
    // The least limit is 1 MiB.
    while (bytes() < 1.4 * 2 ** 20) await send(stub, 'f00277.jpg');
    const before = frames(stub);
    await must('install', '--max-size', '1MiB');
    await lab.must('systemctl', 'start', 'picchanged-prune.service');
    const left = frames(stub);
    expect(left.length).toBeLessThan(before.length);
    expect(left.length).toBeGreaterThan(0);
    expect(await lab.journal('picchanged-prune.service')).toContain('deleted');
    const status = await must('status');
    expect(status).toMatch(/^space: max-size 1MiB: .* used by \d+ frames, counted /m);
    expect(status).toContain(`${camera}: last frame`);

    const exposures = new Map<string, string>();
    for (const service of all) {
      const said = await lab.must('systemd-analyze', 'security', '--no-pager', service);
      exposures.set(service, /Overall exposure level for \S+: ([\d.]+)/.exec(said)?.[1] ?? said);
    }
    console.log('exposures with a bucket:', Object.fromEntries(exposures));
    for (const figure of exposures.values()) expect(Number(figure)).toBeLessThanOrEqual(1.5);

    // Other keys for those that only read.
    const path = `${credential}-read`;
    await writeKeys(lab, stubKeys, { path, mode: '644' });
    expect((await run('install')).stderr).toContain('other users than root may read');
    await writeKeys(lab, stubKeys, { path });
    await must('install');
    expect(await lab.must('cat', dropIn('picchanged-web.service'))).toContain(path);
    await shownFrame();

    // Without limits and viewer, then with a directory.
    await must('install', '--max-size', 'none', '--web', 'none');
    expect(await lab.show('picchanged-web.service', 'LoadState')).toBe('not-found');
    expect(await lab.show('picchanged-prune.timer', 'LoadState')).toBe('not-found');
    await must('install', '--dir', '/srv/captures');
    for (const service of all) {
      expect((await lab.run('test', '-e', dropIn(service))).code).toBe(1);
    }
    expect(await lab.must('cat', '/etc/picchanged/notify.env')).not.toContain('S3');
    expect(await lab.must('systemctl', 'cat', 'picchanged-notify.service')).not.toContain('-s3');

    await must('uninstall');
    expect((await lab.sh('ls -d /var/cache/surveillance /var/cache/picchanged-*')).stdout).toBe('');
    expect((await lab.sh('ls /etc/systemd/system')).stdout).not.toMatch(/picchanged|surveillance/);
    const journal = await lab.must('journalctl', '--output', 'cat', '--no-pager');
    expect(journal).not.toContain(secretAccessKey);
  });
});

/**
 * What `receiver install` sets up for a bucket, in a real systemd, with Ceph behind TLS of an authority of its own: the
 * frames of a paired camera on another machine are stored, shown, announced, checked and deleted.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Ceph, cephKeys, startCeph, whyNoCeph } from '../support/ceph.js';
import { eventually } from '../support/eventually.js';
import { missing } from '../support/programs.js';
import { emptyFrames, putFrame, visitedFrames } from '../support/visit.js';
import type { Lab } from '../systemd/lab.js';
import {
  bootPackage,
  bridgeStore,
  folder,
  labEndpoint,
  place,
  whyNoStoreLab,
  writeKeys,
} from '../systemd/lab-store.js';
import { type TakenNotice, startLabWebhook, webhookAddress } from '../systemd/lab-webhook.js';
import { writeInLab } from '../systemd/shipped.js';

const why = whyNoStoreLab() ?? whyNoCeph() ?? missing('openssl', 'openssl');
const houseAddress = '10.78.0.2';
const endpoint = 'https://s3.example.org:9443';
const authority = '/usr/local/share/s3.pem';
const frames = '/srv/frames';

interface Page {
  readonly frames: readonly { readonly url: string }[];
}
interface Findings {
  readonly ok: boolean;
  readonly findings: readonly { readonly check: string; readonly level: string }[];
}

describe.skipIf(why !== undefined)(`installed services with a bucket of Ceph ${why ?? ''}`, () => {
  let ceph: Ceph;
  let house: Lab;
  let camera: Lab;
  let allTaken: () => TakenNotice[];
  beforeAll(async () => {
    [ceph, house, camera] = await Promise.all([startCeph(), bootPackage(), bootPackage()]);
    house.connect(camera, houseAddress, '10.78.0.1');
    allTaken = await startLabWebhook(house);
    await bridgeStore(house, ceph.endpoint);
    await serveTls(house);
    await camera.must('mkdir', '-p', frames);
  });
  afterAll(() => Promise.all([ceph.stop(), house.close(), camera.close()]));

  const typed = (lab: Lab, program: string, ...variables: string[]) => {
    const words = ['env', ...variables, 'node', `${folder}/dist/${program}.js`];
    return {
      run: (...args: string[]) => lab.run(...words, ...args),
      must: (...args: string[]) => lab.must(...words, ...args),
    };
  };
  /** Frames in the bucket, the oldest first; those that were deleted are empty objects. */
  const stored = async () => {
    const found: { name: string; byteCount: number }[] = [];
    for await (const { key, byteCount } of ceph.client('cams/').list('yard/')) {
      if (key.endsWith('.jpg') && byteCount > 0) found.push({ name: key, byteCount });
    }
    return found;
  };
  const inBucket = (name: string) => ceph.client('cams/').get(name);
  const taken = (wanted: string) => allTaken().filter(({ notice }) => notice === wanted);
  const waitFor = <T>(poll: () => T | undefined | Promise<T | undefined>, what: string) =>
    eventually(poll, what).catch(async (cause: unknown) => {
      const journals = [
        ...[await house.journal('surveillance-many'), await house.journal('picchanged-*')],
        await camera.journal('picchanged-watch'),
      ];
      throw new Error(`no ${what}. The journals:\n${journals.join('\n')}`, { cause });
    });

  let number = 0;
  /** Somebody comes, and goes. */
  const visit = async (): Promise<void> => {
    for (const jpeg of [...emptyFrames, ...visitedFrames]) {
      putFrame(camera.path(`${frames}/${(number += 1)}.jpg`), jpeg, Date.now());
      await delay(100);
    }
  };
  const viewer = (path: string, ...args: string[]): Promise<string> => {
    const curl = ['curl', '--silent', '--show-error', '--fail-with-body', '--max-time', '20'];
    return house.must(...curl, ...args, `http://127.0.0.1:8080/api/v1/${path}`);
  };

  it('store, announce, show, keep, check and delete the frames of a paired camera', async () => {
    const receiver = typed(house, 'receiver', `NODE_EXTRA_CA_CERTS=${authority}`);
    const agent = typed(camera, 'agent');
    await writeKeys(house, cephKeys);
    for (const name of ['receiver', 'web', 'notify']) {
      writeInLab(house, `/etc/picchanged/${name}.env`, `NODE_EXTRA_CA_CERTS=${authority}\n`);
    }
    const where = ['--dir', place, '--s3-endpoint', endpoint];
    const ways = ['--web', '8080', '--notify', webhookAddress];
    const installed = await receiver.run('install', ...where, ...ways, '--max-size', '1GiB');
    expect(installed).toMatchObject({ code: 0, stderr: '' });
    // One event, of which a part may go.
    const source = ['--source', `folder:${frames}`, '--event-gap', '10m'];
    await agent.must('install', '--host', houseAddress, '--camera', 'yard', ...source);
    const line = await receiver.must('pair', 'yard', '--host', houseAddress);
    await agent.must(...line.split(' ').slice(1));
    await camera.says('picchanged-watch.service', 'watching');

    // A notice with its picture.
    await visit();
    const begin = await waitFor(() => taken('event-begin')[0], 'notice of the event');
    const announced = await inBucket(begin.frame?.path ?? '');
    expect(announced?.equals(Buffer.from(begin.picture ?? '', 'base64'))).toBe(true);

    const bytes = async () => (await stored()).reduce((sum, { byteCount }) => sum + byteCount, 0);
    await waitFor(async () => {
      await visit();
      return (await bytes()) > 1.4 * 2 ** 20 ? true : undefined;
    }, 'frames beyond a limit');
    // The agent's end is that of the event.
    await agent.must('uninstall');
    await waitFor(() => taken('event-end')[0], 'notice of the end');
    const before = await stored();

    const page = JSON.parse(await viewer('frames?camera=yard&after=0&limit=1')) as Page;
    const url = page.frames[0]?.url ?? '';
    await viewer(url, '--output', '/run/shown.jpg');
    const oldest = await inBucket(before[0]?.name ?? '');
    expect(oldest?.equals(readFileSync(house.path('/run/shown.jpg')))).toBe(true);
    const wish = JSON.stringify({ camera: 'yard', frame: url, keep: true });
    const json = ['--header', 'content-type: application/json', '--data', wish];
    expect(await viewer('keep', ...json)).toBe('{"waiting":false}');

    const doctor = await receiver.run('doctor', '--json');
    const { ok, findings } = JSON.parse(doctor.stdout) as Findings;
    expect({ ok, findings }).toMatchObject({ ok: true });
    // Whether the clock is synchronised is that of this machine.
    const others = findings.filter(({ check }) => check !== 'clock');
    expect(others.filter(({ level }) => level !== 'ok')).toEqual([]);
    const checks = ['bucket', 'condition', 'port', 'pairing', 'viewer', 'keeping', 'notices'];
    expect(findings.map(({ check }) => check)).toEqual(expect.arrayContaining(checks));

    // By the limit, the oldest first, and not the one that is kept.
    // 1 MiB is the least limit; a sweep of more than half of the frames would wait.
    const limit = `${Math.round((0.75 * (await bytes())) / 1024)}KiB`;
    await receiver.must('install', '--max-size', limit);
    await house.must('systemctl', 'start', 'picchanged-prune.service');
    const left = await stored();
    const gone = before.length - left.length;
    expect(gone).toBeGreaterThan(0);
    expect(left).toEqual([before[0], ...before.slice(gone + 1)]);
    expect(await house.journal('picchanged-prune.service')).toContain(`${gone} frames deleted`);
    const status = await receiver.must('status');
    expect(status).toContain(`used by ${left.length} frames`);
    expect(status).toMatch(/^yard: last frame /m);
    expect(await receiver.must('verify')).toMatch(/^yard: all as recorded$/m);

    await receiver.must('uninstall');
    expect(await stored()).toEqual(left);
    const journal = await house.must('journalctl', '--output', 'cat', '--no-pager');
    expect(journal).not.toContain(cephKeys.secretAccessKey);
    expect(journal).not.toMatch(/EACCES|EPERM|\[STORE\]/);
  });
});

/** An authority, and a TLS front with a certificate of it before the store. */
async function serveTls(lab: Lab): Promise<void> {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const line = ['openssl', 'req', '-x509', ...key];
  await lab.must(...line, '-subj', '/CN=authority', '-keyout', '/run/ca.key', '-out', authority);
  const name = ['-subj', '/CN=s3', '-addext', 'subjectAltName=DNS:s3.example.org'];
  const by = ['-CA', authority, '-CAkey', '/run/ca.key'];
  await lab.must(...line, ...name, ...by, '-keyout', '/run/s3.key', '-out', '/run/s3.pem');
  await lab.sh('echo 127.0.0.1 s3.example.org >> /etc/hosts');
  const listen = 'OPENSSL-LISTEN:9443,bind=127.0.0.1,fork,reuseaddr,verify=0';
  const files = 'cert=/run/s3.pem,key=/run/s3.key';
  lab.start('socat', `${listen},${files}`, labEndpoint.replace('http://', 'TCP:'));
}

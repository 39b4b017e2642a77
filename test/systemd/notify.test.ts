/** The notices that `receiver install --notify` sets up, in their sandbox, in a real systemd. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { Lab, packageAt, whyNoLab } from './lab.js';
import { type TakenNotice, startLabWebhook, webhookAddress } from './lab-webhook.js';
import { writeInLab } from './shipped.js';

const why = whyNoLab();
const folder = '/opt/picchanged';
const service = 'picchanged-notify.service';
const state = '/var/lib/picchanged-notify';
const captures = '/srv/captures';
const hook = '/usr/local/bin/hook';
/** Says what it gets, and what it may do. */
const script = `#!/bin/sh
cd "$STATE_DIRECTORY"
{ echo "$PICCHANGED_NOTICE $PICCHANGED_CAMERA"
  [ -z "$PICCHANGED_FRAME" ] || [ -r "$PICCHANGED_FRAME" ] || echo 'reads no frame'
  touch ${captures}/mine 2>/dev/null && echo 'writes captures'
  ls /home/fred 2>/dev/null && echo 'sees a home'
  ls ${captures}/.keys /var/lib/surveillance/.keys 2>/dev/null && echo 'sees keys'
  true; } >> said
`;

describe.skipIf(why !== undefined)(`the installed notices ${why ?? ''}`, () => {
  let lab: Lab;
  let taken: () => TakenNotice[];
  beforeAll(async () => {
    lab = await Lab.boot({
      copies: packageAt(folder),
    });
    taken = await startLabWebhook(lab);
    await lab.must('useradd', '--create-home', 'fred');
    writeInLab(lab, hook, script);
    await lab.must('chmod', '755', hook);
  });
  afterAll(() => lab.close());

  const words = (program: string) => ['node', `${folder}/dist/${program}.js`];
  const receiver = (...args: string[]) => lab.must(...words('receiver'), ...args);
  const lines = async (path: string) =>
    (await lab.run('cat', path)).stdout.split('\n').filter((line) => line !== '');
  const says = (path: string, line: string) =>
    eventually(async () => (await lines(path)).includes(line), `${path} has '${line}'`);

  it('announce by programs and to the network, and may do nothing else', async () => {
    const command = JSON.stringify([hook]);
    const refused = await lab.run(...words('receiver'), 'install', '--quiet', '23:00-06:00');
    expect(refused.stderr).toContain('nothing says how to announce');
    const installed = await receiver(
      ...['install', '--dir', captures, '--on-event', command, '--on-silent', command],
      ...['--on-back', command, '--notify', webhookAddress, '--silent-after', '12s'],
    );
    expect(installed).toContain('try the notices: sudo receiver notify --test');
    await lab.until(service, 'ActiveState', 'active');
    const source = ['--source', 'scene', '--camera', 'yard', '--interval', '200ms'];
    const reports = ['--report-every', '10s'];
    const agent = ['install', '--host', 'localhost', ...source, ...reports];
    await lab.must(...words('agent'), ...agent);
    await says(`${state}/said`, 'event-begin yard');
    await eventually(
      () => taken().some(({ notice }) => notice === 'event-begin'),
      'a notice at the webhook',
    );
    // Only a camera that reports can be silent.
    await eventually(
      async () => (await lab.run('grep', '-rq', '"report":', `${captures}/yard`)).code === 0,
      'a report of the camera',
    );
    await lab.must('systemctl', 'kill', '--signal', 'KILL', service);
    await lab.must('systemctl', 'stop', 'picchanged-watch.service');
    await says(`${state}/said`, 'silence-begin yard');
    await lab.must('systemctl', 'start', 'picchanged-watch.service');
    await says(`${state}/said`, 'silence-end yard');
    const said = await lines(`${state}/said`);
    expect(said.filter((line) => !/^(?:event|silence)-\w+ yard$/.test(line))).toEqual([]);
    expect(said.filter((line) => line.startsWith('silence'))).toEqual([
      ...['silence-begin yard', 'silence-end yard'],
    ]);
    expect(await lab.journal(service)).not.toMatch(/cannot|EACCES|EPERM/);
  });

  it('are tried, snoozed, checked and shown', async () => {
    await lab.must('systemctl', 'stop', 'picchanged-watch.service');
    // Outside of the sandbox there is no state directory: the program would write below /.
    writeInLab(lab, hook, '#!/bin/sh\nid --user --name > /tmp/who\n');
    const tried = await receiver('notify', '--test');
    expect(tried).toMatch(/^ok {5}--on-event \/usr\/local\/bin\/hook$/m);
    expect(tried).toMatch(/^ok {5}webhook at 127.0.0.1:9099$/m);
    expect((await lines('/tmp/who'))[0]).toBe('picchanged-notify');
    expect(await receiver('snooze', 'yard', '30m')).toContain('nothing of yard is announced until');
    expect(await receiver('snooze', 'gate', '1m')).toContain(
      'note: no camera gate has sent anything; cameras: yard',
    );
    const other = ['runuser', '-u', 'nobody', '--', ...words('receiver')];
    const refused = await lab.run(...other, 'snooze', 'yard', '1m');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/^receiver: \[STATE\] .*EACCES.*with sudo.*\n$/);
    const owner = await lab.must('stat', '--format', '%U %a', `${state}/snoozed.json`);
    expect(owner).toBe('picchanged-notify 600');
    expect(await receiver('status')).toContain(service);
    const doctor = (await lab.run(...words('receiver'), 'doctor')).stdout;
    expect(doctor).toMatch(/^ok +notices +no notice waits$/m);
    expect(doctor).toMatch(/^ok +notice settings +from \/etc\/picchanged\/notify.env;/m);
    expect(doctor).toMatch(/^ok +service +picchanged-notify.service is active/m);
  });

  it('go with the last way to announce, and leave nothing', async () => {
    await receiver('install', '--on-event=', '--on-silent=', '--on-back=');
    expect(await lab.show(service, 'ActiveState')).toBe('active');
    await receiver('install', '--notify=');
    expect(await lab.show(service, 'LoadState')).toBe('not-found');
    expect(await lab.run('test', '-e', '/etc/picchanged/notify.env')).toMatchObject({ code: 1 });
    await lab.must(...words('agent'), 'uninstall');
    await receiver('uninstall');
    expect(await lab.run('test', '-e', state)).toMatchObject({ code: 1 });
  });
});

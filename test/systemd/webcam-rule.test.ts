/**
 * The udev rule, by a real udev. There is no webcam in a lab: /dev/zero plays one, by putting its subsystem and
 * names in the places of a webcam's; the rest of the rule is the shipped one.
 */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from '../support/programs.js';
import { type Lab, whyNoLab } from './lab.js';
import { bootShipped, configure, edit, show, writeInLab } from './shipped.js';
import { udevFlags } from './udev-package.js';

const udev = udevFlags();
const why = whyNoLab() ?? udev.why;

describe.skipIf(why !== undefined)(`a webcam that is plugged in ${why ?? ''}`, () => {
  let lab: Lab;
  const trigger = (action: 'add' | 'remove', name = 'zero'): Promise<string> =>
    lab.must('udevadm', 'trigger', '--settle', `--action=${action}`, `/sys/class/mem/${name}`);

  beforeAll(async () => {
    lab = await bootShipped({ flags: udev.flags });
    const rule = readFileSync(`${root}systemd/99-picchanged-webcam.rules`, 'utf8')
      .replaceAll('SUBSYSTEM=="video4linux"', 'SUBSYSTEM=="mem"')
      .replaceAll('KERNEL=="video[0-9]*"', 'KERNEL=="[a-z]*"')
      .replaceAll('ATTR{index}=="0"', 'ATTR{dev}=="1:5"');
    writeInLab(lab, '/etc/udev/rules.d/99-picchanged-webcam.rules', rule);
    await lab.must('udevadm', 'control', '--reload');
    configure(lab, 'agent');
    show(lab, 'agent', 'yard');
    const watch = 'ExecStart=/usr/local/bin/agent --device FILE:/srv/agent.jpg';
    await edit(lab, 'picchanged-webcam@.service', ['[Service]', 'ExecStart=', watch]);
    await edit(lab, 'picchanged-webcam@.timer', ['[Timer]', 'OnActiveSec=', 'OnActiveSec=100ms']);
  });
  afterAll(() => lab.close());

  it('is watched, has a stable name, and is open to its group only', async () => {
    await trigger('add');
    await lab.until('picchanged-webcam@zero.service', 'StatusText', /^[1-9]\d* frames? seen/);
    expect(await lab.must('stat', '--format', '%G %a', '/dev/zero')).toBe('video 660');
    expect(await lab.must('readlink', '-f', '/dev/webcam/zero')).toBe('/dev/zero');
    expect(
      await lab.must(
        'systemctl',
        'list-units',
        '--plain',
        '--no-legend',
        'picchanged-webcam@*.timer',
      ),
    ).toContain('@zero');
  });

  it('is watched no more when it is pulled out, and again when it is back', async () => {
    await trigger('remove');
    await lab.until('picchanged-webcam@zero.service', 'ActiveState', 'inactive');
    await lab.until('picchanged-webcam@zero.timer', 'ActiveState', 'inactive');
    await trigger('add');
    await lab.until('picchanged-webcam@zero.service', 'ActiveState', 'active');
  });

  it('is told from nodes that carry no pictures', async () => {
    await trigger('add', 'full');
    expect(await lab.show('picchanged-webcam@full.timer', 'ActiveState')).toBe('inactive');
  });
});

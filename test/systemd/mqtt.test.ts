/** Home Assistant's view of the cameras, by a real Mosquitto and the installed notices, in their sandbox. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { discoveryProblems } from '../../receiver/notify/mqtt/discovery-rules.js';
import { eventually } from '../support/eventually.js';
import { whyNoBroker } from '../support/mosquitto.js';
import { Lab, packageAt, whyNoLab } from './lab.js';
import { writeInLab } from './shipped.js';

const why = whyNoLab() ?? whyNoBroker;
const folder = '/opt/picchanged';
const service = 'picchanged-notify.service';
const passwordFile = '/etc/picchanged/mqtt-password';
const password = 'garden gate';
const config = `listener 1883 127.0.0.1
user root
allow_anonymous false
password_file /run/broker-passwords
persistence false
`;

describe.skipIf(why !== undefined)(`the installed notices with MQTT ${why ?? ''}`, () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await Lab.boot({ copies: packageAt(folder) });
    await lab.must('ip', 'link', 'set', 'lo', 'up');
    writeInLab(lab, '/etc/broker.conf', config);
    await lab.must('mosquitto_passwd', '-c', '-b', '/run/broker-passwords', 'fred', password);
    const broker = ['--unit', 'broker', 'mosquitto', '-c', '/etc/broker.conf'];
    await lab.must('systemd-run', ...broker);
    await lab.must('mkdir', '-p', '/etc/picchanged');
    writeInLab(lab, passwordFile, `${password}\n`);
    await lab.must('chmod', '600', passwordFile);
  }, 60_000);
  afterAll(() => lab.close());

  const words = (program: string) => ['node', `${folder}/dist/${program}.js`];
  const receiver = (...args: string[]) => lab.must(...words('receiver'), ...args);
  /** What is retained, by topic; pictures are not whole. */
  const retained = async () => {
    const client = ['mosquitto_sub', '-h', '127.0.0.1', '-u', 'fred', '-P', password];
    const { stdout } = await lab.run(...client, '-t', '#', '-W', '2', '-F', '%t %p');
    const lines = stdout.split('\n').map((line) => /^(\S+) (.*)$/s.exec(line) ?? []);
    return new Map(lines.map(([, topic = '', text = '']) => [topic, text] as const));
  };
  const holds = (topic: RegExp, text: string) =>
    eventually(
      async () =>
        [...(await retained())].some(([each, found]) => topic.test(each) && found.includes(text)),
      `${String(topic)} holds ${text}`,
      90_000,
    );

  it('publish cameras, motion, pictures, silence and the return', async () => {
    const mqtt = ['--mqtt', 'mqtt://fred@127.0.0.1', '--mqtt-password-file', passwordFile];
    await receiver('install', '--dir', '/srv/captures', ...mqtt, '--silent-after', '12s');
    await lab.until(service, 'ActiveState', 'active');
    const owner = await lab.must('stat', '--format', '%U %G %a', passwordFile);
    expect(owner).toBe('root picchanged-notify 640');
    const agent = ['install', '--host', 'localhost', '--source', 'scene', '--camera', 'yard'];
    await lab.must(...words('agent'), ...agent, '--interval', '200ms', '--report-every', '10s');
    await holds(/\/yard\/motion$/, 'ON');
    await holds(/\/yard\/event\/picture$/, 'JFIF');
    const configs = [...(await retained())].filter(([topic]) => topic.endsWith('/config'));
    expect(configs).toHaveLength(2);
    for (const [topic, text] of configs) {
      expect(discoveryProblems(topic, JSON.parse(text))).toEqual([]);
    }
    await holds(/^picchanged\/[0-9a-f]{8}\/state$/, '"stored":');
    const watch = 'picchanged-watch.service';
    await lab.must('systemctl', 'stop', watch);
    await holds(/\/yard\/availability$/, 'offline');
    await lab.must('systemctl', 'start', watch);
    await holds(/\/yard\/availability$/, 'online');
    expect(await lab.journal(service)).not.toMatch(/cannot|EACCES|EPERM/);
  }, 300_000);

  it('are tried and checked, and say that the broker is away', async () => {
    expect(await receiver('notify', '--test')).toBe('ok     MQTT broker at 127.0.0.1:1883');
    const doctor = async () => (await lab.run(...words('receiver'), 'doctor')).stdout;
    expect(await doctor()).toMatch(/^ok +mqtt +MQTT broker at 127.0.0.1:1883 takes/m);
    await lab.must('systemctl', 'kill', '--signal', 'KILL', service);
    await holds(/^picchanged\/[0-9a-f]{8}\/status$/, 'offline');
    await lab.until(service, 'ActiveState', 'active');
    await holds(/^picchanged\/[0-9a-f]{8}\/status$/, 'online');
    await lab.must('systemctl', 'stop', 'broker');
    expect(await doctor()).toMatch(/^fault +mqtt +MQTT broker at 127.0.0.1:1883 does not answer/m);
    await eventually(
      async () => (await lab.journal(service)).includes('nothing is published: MQTT broker'),
      'the journal says it',
    );
  }, 200_000);

  it('go with the last way to announce, and leave nothing', async () => {
    await lab.must(...words('agent'), 'uninstall');
    await receiver('install', '--mqtt=', '--mqtt-password-file=', '--silent-after=');
    expect(await lab.show(service, 'LoadState')).toBe('not-found');
    await receiver('uninstall');
    const state = await lab.run('test', '-e', '/var/lib/picchanged-notify');
    expect(state).toMatchObject({ code: 1 });
  }, 120_000);
});

/** Home Assistant's view of the cameras, by a real Mosquitto and the installed notices, in their sandbox. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { discoveryProblems } from '../../receiver/notify/mqtt/discovery-rules.js';
import { eventually } from '../support/eventually.js';
import { whyNoBroker } from '../support/mosquitto.js';
import {
  followTopics,
  brokerPassword as password,
  passwordFile,
  startLabBroker,
} from './lab-broker.js';
import { Lab, packageAt, whyNoLab } from './lab.js';
import { writeInLab } from './shipped.js';

const why = whyNoLab() ?? whyNoBroker;
const folder = '/opt/picchanged';
const service = 'picchanged-notify.service';
/** A webhook that takes nothing. */
const failing = `
require('node:http').createServer((request, response) => {
  request.resume().on('end', () => response.writeHead(500).end());
}).listen(9099, '127.0.0.1');`;
const watch = 'picchanged-watch.service';

describe.skipIf(why !== undefined)(`the installed notices with MQTT ${why ?? ''}`, () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await Lab.boot({ copies: packageAt(folder) });
    await lab.must('ip', 'link', 'set', 'lo', 'up');
    await startLabBroker(lab);
  });
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

  it('publish cameras, motion, pictures, silence after kill -9, and the return', async () => {
    const follow = `mosquitto_sub -h 127.0.0.1 -u fred -P '${password}' -t 'picchanged/+/yard/event'`;
    await lab.must('systemd-run', '--unit', 'events', 'sh', '-c', `${follow} > /run/events`);
    const mqtt = ['--mqtt', 'mqtt://fred@127.0.0.1', '--mqtt-password-file', passwordFile];
    await receiver('install', '--dir', '/srv/captures', ...mqtt, '--silent-after', '12s');
    await lab.until(service, 'ActiveState', 'active');
    const owner = await lab.must('stat', '--format', '%U %G %a', passwordFile);
    expect(owner).toBe('root picchanged-notify 640');
    const agent = ['install', '--host', 'localhost', '--source', 'scene', '--camera', 'yard'];
    await lab.must(...words('agent'), ...agent, '--interval', '200ms', '--report-every', '10s');
    await holds(/\/yard\/motion$/, 'ON');
    await holds(/\/yard\/event\/picture$/, 'JFIF');
    const configs = await eventually(async () => {
      const found = [...(await retained())].filter(([topic]) => topic.endsWith('/config'));
      return found.length >= 2 && found;
    }, 'the configurations of the receiver and the camera');
    expect(configs).toHaveLength(2);
    for (const [topic, text] of configs) {
      expect(discoveryProblems(topic, JSON.parse(text))).toEqual([]);
    }
    await holds(/^picchanged\/[0-9a-f]{8}\/state$/, '"stored":');
    // Without the drop-in it is started again at once.
    const folderOfUnit = `/run/systemd/system/${watch}.d`;
    const dropIn = `printf '[Service]\\nRestart=no\\n' > ${folderOfUnit}/once.conf`;
    await lab.must('sh', '-c', `mkdir -p ${folderOfUnit} && ${dropIn}`);
    await lab.must('systemctl', 'daemon-reload');
    await lab.must('systemctl', 'kill', '--signal', 'KILL', watch);
    await lab.until(watch, 'ActiveState', 'failed');
    await holds(/\/yard\/availability$/, 'offline');
    await lab.must('rm', '-r', folderOfUnit);
    await lab.must('systemctl', 'daemon-reload');
    await lab.must('systemctl', 'start', watch);
    await holds(/\/yard\/availability$/, 'online');
    const events = async () => (await lab.run('cat', '/run/events')).stdout.split('\n');
    for (const word of ['begin', 'end']) {
      const found = await eventually(
        async () => (await events()).find((line) => line.includes(`"event_type":"${word}"`)),
        `an event's ${word}`,
        90_000,
      );
      expect(JSON.parse(found)).toMatchObject({
        camera: 'yard',
        ratio: expect.any(Number) as number,
      });
    }
    expect(await lab.journal(service)).not.toMatch(/cannot|EACCES|EPERM/);
  });

  it('keep no frame back while a program hangs, an address fails and the broker refuses', async () => {
    writeInLab(lab, '/usr/local/bin/hangs', '#!/bin/sh\nexec sleep 3600\n');
    await lab.must('chmod', '755', '/usr/local/bin/hangs');
    writeInLab(lab, '/opt/fails.cjs', failing);
    await lab.must('systemd-run', '--unit', 'fails', 'node', '/opt/fails.cjs');
    const hangs = ['--on-event', JSON.stringify(['/usr/local/bin/hangs']), '--command-timeout'];
    const ways = [...hangs, '1h', '--notify', 'http://127.0.0.1:9099/'];
    await lab.must('mosquitto_passwd', '-b', '/run/broker-passwords', 'fred', 'another');
    await lab.must('systemctl', 'kill', '--signal', 'HUP', 'broker');
    await receiver('install', ...ways, '--cooldown', '0s');
    const away = ['nothing is published: MQTT broker', 'notices wait: webhook at 127.0.0.1:9099'];
    for (const words of away) await lab.says(service, words);
    const newest = async () => (await lab.must('sh', '-c', 'ls /srv/captures/yard/*/')).split('\n');
    const before = (await newest()).length;
    await eventually(async () => (await newest()).length > before + 20, '20 frames', 90_000);
    expect((await lab.run(...words('agent'), 'status')).stdout).not.toMatch(/waiting: /);
    const saidSince = async (): Promise<string[][]> => {
      const log = (await lab.journal(service)).split('\n');
      const since = log.slice(log.findLastIndex((line) => line.includes('announcing')));
      return away.map((words) => since.filter((line) => line.includes(words)));
    };
    await eventually(
      async () => (await saidSince()).every((lines) => lines.length > 0),
      'what the restarted notices cannot reach',
    );
    for (const lines of await saidSince()) expect(lines).toHaveLength(1);
    await lab.must('mosquitto_passwd', '-b', '/run/broker-passwords', 'fred', password);
    await lab.must('systemctl', 'kill', '--signal', 'HUP', 'broker');
    await receiver('install', '--on-event=', '--command-timeout=', '--notify=', '--cooldown=');
    await holds(/^picchanged\/[0-9a-f]{8}\/status$/, 'online');
  });

  it('are tried and checked, and say that the broker is away', async () => {
    expect(await receiver('notify', '--test')).toBe('ok     MQTT broker at 127.0.0.1:1883');
    const doctor = async () => (await lab.run(...words('receiver'), 'doctor')).stdout;
    expect(await doctor()).toMatch(/^ok +mqtt +MQTT broker at 127.0.0.1:1883 takes/m);
    await followTopics(lab, 'picchanged/+/status', '/run/states');
    const states = async () => (await lab.run('cat', '/run/states')).stdout;
    await eventually(async () => (await states()).includes('online'), 'the follower');
    await lab.must('systemctl', 'kill', '--signal', 'KILL', service);
    // It is started again: whoever asks late finds it online.
    await eventually(async () => (await states()).includes('offline'), 'the will');
    await lab.until(service, 'ActiveState', 'active');
    await holds(/^picchanged\/[0-9a-f]{8}\/status$/, 'online');
    await lab.must('systemctl', 'stop', 'broker');
    expect(await doctor()).toMatch(/^fault +mqtt +MQTT broker at 127.0.0.1:1883 does not answer/m);
    await eventually(
      async () => (await lab.journal(service)).includes('nothing is published: MQTT broker'),
      'the journal says it',
    );
  });

  it('go with the last way to announce, and leave nothing', async () => {
    await lab.must(...words('agent'), 'uninstall');
    await receiver('install', '--mqtt=', '--mqtt-password-file=', '--silent-after=');
    expect(await lab.show(service, 'LoadState')).toBe('not-found');
    await receiver('uninstall');
    const state = await lab.run('test', '-e', '/var/lib/picchanged-notify');
    expect(state).toMatchObject({ code: 1 });
  });
});

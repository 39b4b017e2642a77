/**
 * Two machines, and the cable between them is cut while people walk past the camera: what the installed notices announce
 * then, by a program, by ntfy and by a real Mosquitto. `CUT_SECONDS=600` cuts it for ten minutes, with the default
 * settings.
 */
import { readFileSync, rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { filesBelow } from '../support/files.js';
import { whyNoBroker } from '../support/mosquitto.js';
import { root } from '../support/programs.js';
import { emptyFrames, putFrame, recordOf, visitedFrames } from '../support/visit.js';
import { followTopics, passwordFile, startLabBroker } from './lab-broker.js';
import { Lab, packageAt, whyNoLab } from './lab.js';
import { writeInLab } from './shipped.js';

const why = whyNoLab() ?? whyNoBroker;
const folder = '/opt/picchanged';
const houseAddress = '10.77.0.2';
const watch = 'picchanged-watch.service';
const notices = 'picchanged-notify.service';
const frames = '/srv/frames';
const captures = '/srv/captures';
const hook = '/usr/local/bin/hook';
const said = '/var/lib/picchanged-notify/said';
const script = `#!/bin/sh\necho "$PICCHANGED_NOTICE $PICCHANGED_ID" >> "$STATE_DIRECTORY/said"\n`;
const flags = ['event', 'end', 'silent', 'back', 'late', 'problem', 'resolved'];

const cutSeconds = Number(process.env.CUT_SECONDS ?? 60);
const isLong = cutSeconds >= 600;
/** After the last visit of a cut, so that all of them are history. */
const quietSeconds = isLong ? 150 : 20;
const betweenVisitsSeconds = isLong ? 75 : 8;
/** A later visit would not be history when the cut is over. */
const lastVisitSeconds = cutSeconds - betweenVisitsSeconds - quietSeconds;
const frameEveryMs = 300;

describe.skipIf(why !== undefined)(`notices of two machines ${why ?? ''}`, () => {
  let camera: Lab;
  let house: Lab;
  beforeAll(async () => {
    [camera, house] = await Promise.all([
      Lab.boot({ copies: packageAt(folder) }),
      Lab.boot({
        copies: [
          ...packageAt(folder),
          { from: `${root}test/fixtures/programs`, to: '/opt/programs' },
        ],
      }),
    ]);
    camera.connect(house, '10.77.0.1', houseAddress);
    await house.must('ip', 'link', 'set', 'lo', 'up');
    await startLabBroker(house);
    await followTopics(house, 'picchanged/#', '/run/topics');
    const ntfy = 'exec node /opt/programs/ntfy-server.mjs 9099 > /run/ntfy';
    await house.must('systemd-run', '--unit', 'ntfy', 'sh', '-c', ntfy);
    writeInLab(house, hook, script);
    await house.must('chmod', '755', hook);
    await camera.must('mkdir', '-p', frames);
  });
  afterAll(() => Promise.all([camera.close(), house.close()]));

  const words = (program: string) => ['node', `${folder}/dist/${program}.js`];
  const lines = (path: string): string[] => {
    try {
      return readFileSync(house.path(path), 'utf8').split('\n').filter(Boolean);
    } catch {
      return []; // nothing yet
    }
  };
  const told = (notice: string) => lines(said).filter((line) => line.startsWith(`${notice} `));
  const pushes = () =>
    lines('/run/ntfy').map((line) => JSON.parse(line) as { title?: string; text?: string });
  const titled = (title: RegExp) => pushes().filter((push) => title.test(push.title ?? ''));
  /** Payloads of a topic of the camera, whatever the receiver is called. */
  const published = (topic: string) =>
    lines('/run/topics').flatMap((line) => {
      const [, name, payload = ''] = /^picchanged\/[0-9a-f]{8}\/yard\/(\S+) (.*)$/.exec(line) ?? [];
      return name === topic ? [payload] : [];
    });
  const begins = () => published('event').filter((text) => text.includes('"event_type":"begin"'));
  const waitFor = (isSo: () => boolean, what: string) =>
    eventually(isSo, what, 150_000).catch(async (error: unknown) => {
      throw new Error(
        `${String(error)}; hook: ${lines(said).join(', ')}; agent:\n${await camera.journal(watch)}` +
          `\nnotices:\n${await house.journal(notices)}`,
      );
    });

  let number = 0;
  const shoot = async (jpeg: Buffer | undefined): Promise<void> => {
    if (jpeg === undefined) throw new Error('there is no such frame');
    putFrame(camera.path(`${frames}/${(number += 1)}.jpg`), jpeg, Date.now());
    rmSync(camera.path(`${frames}/${number - 60}.jpg`), { force: true });
    await delay(frameEveryMs);
  };
  const nobody = async (seconds: number): Promise<void> => {
    const endMs = performance.now() + seconds * 1000;
    while (performance.now() < endMs) await shoot(emptyFrames[0]);
  };
  const visit = async (): Promise<void> => {
    for (const jpeg of visitedFrames.slice(0, 12)) await shoot(jpeg);
  };
  const visitUntil = async (signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) await visit();
  };

  it(
    'tell a cut as silence, and what happened in it as one summary, without an alarm',
    async () => {
      const command = JSON.stringify([hook]);
      const quick = ['--late-after', '10s', '--silent-after', '30s', '--cooldown', '0s'];
      const ways = [
        '--notify',
        'ntfy+http://127.0.0.1:9099/yard',
        '--mqtt',
        'mqtt://fred@127.0.0.1',
      ];
      await house.must(
        ...[...words('receiver'), 'install', '--dir', captures, ...ways],
        ...['--mqtt-password-file', passwordFile, ...(isLong ? [] : quick)],
        ...flags.flatMap((flag) => [`--on-${flag}`, command]),
      );
      await house.until(notices, 'ActiveState', 'active');
      await camera.must(
        ...[...words('agent'), 'install', '--host', houseAddress, '--camera', 'yard'],
        ...['--source', `folder:${frames}`],
        ...(isLong ? [] : ['--event-gap', '2s', '--report-every', '10s']),
      );
      await camera.says(watch, 'watching');
      // Only a camera that reports can be silent.
      const hasReported = () =>
        filesBelow(house.path(captures), { hidden: true }).some(
          (name) =>
            name.endsWith('record.jsonl') &&
            readFileSync(house.path(`${captures}/${name}`), 'utf8').includes('"report":'),
        );
      for (let tries = 0; tries < 60 && !hasReported(); tries += 1) await nobody(2);
      // A visit is going on when the cable is cut: it was an alarm, and is no second one.
      const seen = new AbortController();
      const first = visitUntil(seen.signal);
      const areTold = () =>
        told('event-begin').length === 1 && begins().length === 1 && titled(/motion$/).length > 0;
      await waitFor(areTold, 'the first event').finally(() => seen.abort());
      await camera.must('ip', 'link', 'set', 'cable', 'down');
      const cutAtMs = Date.now();
      await first;
      await nobody(betweenVisitsSeconds + 10);
      const spentSeconds = () => (Date.now() - cutAtMs) / 1000;
      for (let visits = 0; visits < 2 || spentSeconds() < lastVisitSeconds; visits += 1) {
        await visit();
        await nobody(betweenVisitsSeconds);
      }
      await nobody(Math.max(quietSeconds, cutSeconds - spentSeconds()));
      await waitFor(() => told('silence-begin').length === 1, 'silence');
      expect(told('event-end')).toEqual(
        told('event-begin').map((each) => each.replace('begin', 'end')),
      );
      await camera.must('ip', 'link', 'set', 'cable', 'up');
      const returnedAtMs = Date.now();
      await waitFor(() => told('silence-end').length === 1, 'the return');
      await waitFor(() => titled(/earlier event/).length > 0, 'a summary');
      // What comes after it shows that no second one does. Without a pause the next event would be within the cooldown.
      await nobody(isLong ? 65 : 8);
      await visit();
      await nobody(isLong ? 20 : 5);
      await waitFor(() => told('event-end').length === 2, 'the end of the last event');
      await waitFor(() => published('event').length === 4, 'its end, published');

      const record = recordOf(house.path(captures), 'yard').filter(
        ({ verdict }) => verdict.changed,
      );
      const early = told('event-begin')[0]?.split('/')[1];
      const missed = record.filter(
        ({ captured, verdict }) =>
          captured > cutAtMs && captured < returnedAtMs && verdict.event !== early,
      );
      const events = new Set(missed.map(({ verdict }) => verdict.event));
      const at = (frame: { captured: number } | undefined) =>
        new Date(frame?.captured ?? NaN).toTimeString().slice(0, 8);
      const summaries = titled(/earlier event/);
      console.log(`a cut of ${Math.round((returnedAtMs - cutAtMs) / 1000)} s:`, summaries);
      expect(events.size).toBeGreaterThan(1);
      expect(summaries).toMatchObject([
        {
          title: `yard: ${events.size} earlier events`,
          text: expect.stringMatching(new RegExp(`^${events.size} events between `)) as string,
        },
      ]);
      expect(told('late-end')).toHaveLength(1);
      const span = summaries[0]?.text?.match(/\d\d:\d\d:\d\d/g) ?? [];
      expect(isNear(span[0], at(missed[0]))).toBe(true);
      expect(isNear(span[1], at(missed.at(-1)))).toBe(true);
      // The alarms are those before and after the cut, in each way.
      expect(told('event-begin')).toHaveLength(2);
      expect(begins()).toHaveLength(2);
      const ids = begins().map((text) => (JSON.parse(text) as { id: string }).id);
      expect(told('event-begin')).toEqual(ids.map((id) => `event-begin yard/${id}`));
      expect(ids.filter((id) => events.has(id))).toEqual([]);
      expect(
        titled(/motion$/).filter((push) => 'priority' in push && push.priority === '4'),
      ).toHaveLength(2);
      expect([...told('problem-begin'), ...told('problem-end')]).toEqual([]);
      expect(published('availability')).toEqual(['online', 'offline', 'online']);
      expect(pushes().filter((push) => 'status' in push && push.status !== 200)).toEqual([]);
      const status = await camera.must(...words('agent'), 'status');
      expect(status).not.toMatch(/waiting: /);
      expect(await house.journal(notices)).not.toMatch(/cannot|EACCES|EPERM|Warning/);
    },
    360_000 + cutSeconds * 1000,
  );
});

/** `14:02:15`: clocks are compared in reports, which may be some milliseconds off. */
function isNear(one = '', other = ''): boolean {
  const seconds = (text: string): number => {
    const [hours = NaN, minutes = NaN, rest = NaN] = text.split(':').map(Number);
    return (hours * 60 + minutes) * 60 + rest;
  };
  const apart = Math.abs(seconds(one) - seconds(other));
  return apart <= 1 || apart === 86_399;
}

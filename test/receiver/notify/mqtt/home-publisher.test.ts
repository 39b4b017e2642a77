/** What reaches a broker, and when: with a broker of the test, which may fail. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { OperationalError } from '../../../../shared/cli/errors.js';
import { keepLink } from '../../../../receiver/notify/mqtt/broker-link.js';
import {
  type BrokerSession,
  RefusedMessage,
} from '../../../../receiver/notify/mqtt/broker-session.js';
import { HomePublisher } from '../../../../receiver/notify/mqtt/home-publisher.js';
import type { Content } from '../../../../receiver/notify/mqtt/home-states.js';
import { HomeWay } from '../../../../receiver/notify/mqtt/home-way.js';
import type { EventNotice } from '../../../../receiver/notify/notice.js';
import { eventually } from '../../../support/eventually.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { keptLog } from '../../../support/log.js';

const text = (value: string): Content => ({ kind: 'text', text: value });
const frame = (path: string): Content => ({ kind: 'frame', path, sha256: path });
const failure = new OperationalError('LINK', 'MQTT broker at nas:1883 does not answer');

/** A broker that a test stops and starts, and a publisher that is linked to it. */
function makeLinked() {
  const clock = new FakeClock();
  const { log, lines } = keptLog();
  const sent: string[] = [];
  const pictures: number[] = [];
  let isAway = false;
  let refused = '';
  let end: (failure: OperationalError) => void = () => undefined;
  let onHome: (text: string) => void = () => undefined;
  const open = (): Promise<BrokerSession> => {
    if (isAway) return Promise.reject(failure);
    const closed = new Promise<OperationalError>((resolve) => (end = resolve));
    return Promise.resolve({
      ...{ maxPacketBytes: 1000, closed },
      publish(topic, payload, isRetained) {
        if (isAway) return Promise.reject(failure);
        if (topic === refused) return Promise.reject(new RefusedMessage('LINK', 'too large'));
        sent.push(`${topic}=${payload.toString()}${isRetained ? ' retained' : ''}`);
        return Promise.resolve();
      },
      subscribe(_topic, onMessage) {
        onHome = onMessage;
        return Promise.resolve();
      },
      close: () => Promise.resolve(),
    });
  };
  const publisher = new HomePublisher({
    ...{ homeStatus: 'homeassistant/status', log },
    readPicture(stored, maxBytes) {
      pictures.push(maxBytes);
      const isThere = stored.path !== 'gone' && maxBytes >= 4;
      return Promise.resolve(isThere ? Buffer.from('jpeg') : undefined);
    },
  });
  const controller = new AbortController();
  const linked = keepLink(
    {
      ...{ name: 'MQTT broker at nas:1883', open },
      serve: (session, signal) => publisher.serve(session, signal),
      leave: (session) => session.publish('status', 'offline', true),
    },
    { clock, log, random: () => 1 },
    controller.signal,
  );
  const stop = async (): Promise<void> => {
    controller.abort();
    await linked;
  };
  onTestFinished(stop);
  const has = (line: string) =>
    eventually(() => sent.includes(line), `${line} in ${sent.join(', ')}`);
  return {
    ...{ clock, lines, sent, pictures, publisher, has, stop, signal: controller.signal },
    show: (contents: Readonly<Record<string, Content>>) =>
      publisher.show(new Map(Object.entries(contents))),
    away: () => {
      isAway = true;
      end(failure);
    },
    back: () => (isAway = false),
    refuse: (topic: string) => (refused = topic),
    homeSays: (status: string) => onHome(status),
  };
}

describe('the publisher', () => {
  it('publishes what has changed, in order, and an event after it', async () => {
    const { show, publisher, sent, has, signal, pictures } = makeLinked();
    show({ a: text('1'), b: text('2'), picture: frame('x.jpg') });
    await has('picture=jpeg retained');
    show({ a: text('1'), b: text('3'), picture: frame('x.jpg'), lost: frame('gone') });
    await publisher.send('event', () => 'begin', signal);
    expect(sent).toEqual([
      ...['a=1 retained', 'b=2 retained', 'picture=jpeg retained', 'b=3 retained', 'event=begin'],
    ]);
    expect(pictures.every((bytes) => bytes < 1000)).toBe(true);
  });

  it('publishes all again when Home Assistant has started', async () => {
    const { show, sent, has, homeSays } = makeLinked();
    show({ a: text('1') });
    await has('a=1 retained');
    homeSays('offline');
    homeSays('online');
    await eventually(() => sent.length === 2, 'it is repeated');
    expect(sent[1]).toBe('a=1 retained');
  });

  it('publishes no payload of discovery that Home Assistant would refuse', async () => {
    const { show, sent, has, lines } = makeLinked();
    const config = JSON.stringify({ device: {}, origin: {}, components: {} });
    show({ 'homeassistant/device/x/config': text(config), a: text('1') });
    await has('a=1 retained');
    expect(sent).toEqual(['a=1 retained']);
    expect(lines.filter((line) => line.includes('Home Assistant would refuse it'))).toHaveLength(1);
  });

  it('tries a refused picture smaller, then leaves it out, and says it once', async () => {
    const { show, sent, has, lines, pictures, refuse } = makeLinked();
    refuse('picture');
    show({ picture: frame('x.jpg'), a: text('1') });
    await has('a=1 retained');
    show({ picture: frame('y.jpg'), a: text('2') });
    await has('a=2 retained');
    expect(sent).toEqual(['a=1 retained', 'a=2 retained']);
    expect(pictures[1]).toBeLessThan(4);
    expect(pictures).toHaveLength(3);
    expect(lines.filter((line) => line.includes('the broker refuses a picture'))).toHaveLength(1);
  });

  it('says at its end that it is gone', async () => {
    const { show, has, stop, sent } = makeLinked();
    show({ a: text('1') });
    await has('a=1 retained');
    await stop();
    expect(sent.at(-1)).toBe('status=offline retained');
  });

  it('keeps the newest only while the broker is away for an hour, and says it in few lines', async () => {
    const { show, sent, has, lines, clock, away, back } = makeLinked();
    show({ a: text('0') });
    await has('a=0 retained');
    await clock.advance(10_000);
    away();
    await eventually(() => lines.length > 0, 'a line');
    for (let second = 1; second <= 3600; second++) {
      show({ a: text(String(second)) });
      await clock.advance(1000);
    }
    const warnings = lines.filter((line) => line.startsWith('<4>'));
    expect(warnings[0]).toContain('nothing is published: MQTT broker at nas:1883');
    // One, and a reminder each five minutes.
    expect(warnings.length).toBeLessThanOrEqual(13);
    back();
    await clock.advance(60_000);
    await has('a=3600 retained');
    expect(sent).toEqual(['a=0 retained', 'a=3600 retained']);
    await clock.advance(10_000);
    await eventually(
      () => lines.some((line) => line.includes('takes messages again')),
      'the return is logged',
    );
  });
});

describe('the way to Home Assistant', () => {
  const notice = (phase: EventNotice['phase'], toMs: number): EventNotice => ({
    ...{ kind: 'event', phase, id: 'yard/e1', events: [{ camera: 'yard', event: 'e1' }] },
    ...{ fromMs: toMs, toMs, frames: 3, isCut: false },
    best: {
      ...{ camera: 'yard', path: 'a.jpg', capturedAtMs: 0, utcOffsetMinutes: 0 },
      ...{ sha256: '', strength: 2, boxes: [] },
    },
  });

  it('sends what waited for a moment, and nothing that waited for long', async () => {
    const { publisher, clock, sent, has, away, back, signal } = makeLinked();
    const way = new HomeWay({
      ...{ name: 'a broker', receiver: '5f0c2a91', viewer: undefined, lateAfterMs: 120_000 },
      ...{ publisher, clock },
    });
    away();
    const late = notice('begin', clock.nowMs());
    way.add([late]);
    const sending = way.send(late, signal);
    await clock.advance(121_000);
    const fresh = notice('end', clock.nowMs() - 119_000);
    way.add([fresh]);
    back();
    await clock.advance(60_000);
    await sending;
    await way.send(fresh, signal);
    await has(
      'picchanged/5f0c2a91/yard/event={"event_type":"end","id":"e1","camera":"yard",' +
        '"captured":"1970-01-01T00:00:00.000Z","strength":2,"seen":[],"frame":"a.jpg","frames":3,"seconds":0}',
    );
    expect(sent).toHaveLength(1);
    // Of an earlier process.
    await way.send(notice('end', clock.nowMs() - 121_000), signal);
    expect(sent).toHaveLength(1);
  });
});

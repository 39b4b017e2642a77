/** `receiver notify --mqtt` beside a real pair and a real Mosquitto: what a subscriber sees, docs/homeassistant.md. */
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { discoveryProblems } from '../../receiver/notify/mqtt/discovery-rules.js';
import { mqttStateName, readNotifyState } from '../../receiver/notify/notify-state.js';
import { readFrameSize } from '../../shared/jpeg/frame-size.js';
import { eventually } from '../support/eventually.js';
import {
  type Message,
  retained,
  send,
  startBroker,
  subscribe,
  whyNoBroker,
} from '../support/mosquitto.js';
import { root, start, startAgent, startReceiverProgram } from '../support/programs.js';
import { temporaryDirectory } from '../support/temporary.js';
import { emptyFrames, putFrame, visitedFrames } from '../support/visit.js';

const receiverProgram = `${root}dist/receiver.js`;

/** A receiver, the program that announces, and an agent that watches a folder. */
async function world(url: string, passwordFile: string, more: readonly string[] = []) {
  const [directory, state, folder] = [
    temporaryDirectory(),
    temporaryDirectory(),
    temporaryDirectory(),
  ];
  const receiver = await startReceiverProgram(directory);
  const { id } = JSON.parse(readFileSync(join(directory, '.picchanged.json'), 'utf8')) as {
    id: string;
  };
  const base = `picchanged/${id.slice(0, 8)}`;
  const args = [
    ...['notify', '--dir', directory, '--state', join(state, 'notify'), '--silent-after', '12s'],
    ...['--mqtt', url, '--mqtt-password-file', passwordFile, ...more],
  ];
  let frames = 0;
  return {
    ...{ directory, receiver, base, device: base.replace('/', '_') },
    notify: async () => {
      const program = start(process.execPath, [receiverProgram, ...args]);
      await program.says('announcing');
      return program;
    },
    watch: async () => {
      const agent = startAgent([
        ...['--host', receiver.address, '--camera', 'yard', '--source', `folder:${folder}`],
        ...['--state', join(state, 'agent'), '--report-every', '10s', '--event-gap', '2s'],
      ]);
      await agent.says('watching');
      return agent;
    },
    show: async (jpegs: readonly Buffer[]) => {
      for (const jpeg of jpegs) {
        putFrame(join(folder, `${String(frames++).padStart(5, '0')}.jpg`), jpeg, Date.now());
        await delay(300);
      }
    },
    /** Whether all that was sent is noted: a program that is killed before that sends it again. */
    isAllNoted: async () => {
      const saved = await readNotifyState(join(state, 'notify', mqttStateName));
      if (saved === undefined || 'unusable' in saved) return false;
      return Object.values(saved.waiting).every((notices) => notices.length === 0);
    },
    hasReport: () =>
      readdirSync(join(directory, 'yard'))
        .filter((day) => day.startsWith('20'))
        .some((day) =>
          readFileSync(join(directory, 'yard', day, 'record.jsonl'), 'utf8').includes('"report":1'),
        ),
  };
}

const texts = (messages: readonly Message[], topic: string): string[] =>
  messages.filter((each) => each.topic === topic).map(({ payload }) => payload.toString('utf8'));

describe.skipIf(whyNoBroker !== undefined)(`receiver notify --mqtt ${whyNoBroker ?? ''}`, () => {
  it('is also what a receiver with the same flags does, beside storing', async () => {
    const broker = await startBroker();
    const [directory, state] = [temporaryDirectory(), temporaryDirectory()];
    const receiver = await startReceiverProgram(directory, [
      ...['--mqtt', broker.url, '--mqtt-password-file', broker.passwordFile, '--state', state],
    ]);
    const folder = temporaryDirectory();
    const agent = startAgent([
      ...['--host', receiver.address, '--camera', 'yard', '--source', `folder:${folder}`],
      ...['--state', temporaryDirectory(), '--all'],
    ]);
    await agent.says('watching');
    putFrame(join(folder, '1.jpg'), emptyFrames[0] ?? Buffer.alloc(0), Date.now());
    await receiver.says('"stored"');
    await eventually(
      async () =>
        [...(await retained(broker.port)).keys()].some((each) => each.endsWith('yard/config')),
      'the camera in Home Assistant',
    );
    expect(await agent.stop()).toBe(0);
    expect(await receiver.stop()).toBe(0);
    const left = await retained(broker.port);
    const [status] = [...left].filter(([topic]) => /^picchanged\/[^/]+\/status$/.test(topic));
    expect(status?.[1].toString()).toBe('offline');
  });

  it('shows an event with its picture, its end, silence after kill -9, and the return', async () => {
    const broker = await startBroker();
    const seen = await subscribe(broker.port);
    const { base, device, notify, watch, show, hasReport } = await world(
      broker.url,
      broker.passwordFile,
    );
    const says = (topic: string, text: string) =>
      eventually(
        () => texts(seen(), `${base}/${topic}`).some((each) => each.includes(text)),
        `${topic} has ${text}`,
        60_000,
      );
    const notifier = await notify();
    let agent = await watch();
    await show([...emptyFrames.slice(0, 3), ...visitedFrames.slice(0, 5)]);
    await says('yard/event', '"event_type":"begin"');
    const topics = seen().map(({ topic }) => topic);
    // An automation that is started by the event finds the picture.
    for (const topic of ['picture', 'last']) {
      expect(topics.indexOf(`${base}/yard/event/${topic}`)).toBeGreaterThan(0);
      expect(topics.indexOf(`${base}/yard/event/${topic}`)).toBeLessThan(
        topics.indexOf(`${base}/yard/event`),
      );
    }
    expect(texts(seen(), `${base}/yard/motion`)).toContain('ON');
    await show(emptyFrames.slice(0, 10));
    await says('yard/event', '"event_type":"end"');
    await says('yard/motion', 'OFF');
    await eventually(hasReport, 'a report');
    agent.child.kill('SIGKILL');
    await agent.ended;
    await says('yard/availability', 'offline');
    await says('yard/state', '"silent":true');
    agent = await watch();
    await eventually(
      () => texts(seen(), `${base}/yard/availability`).at(-1) === 'online',
      'it is back',
    );
    // What Home Assistant gets when it starts now.
    const left = await retained(broker.port);
    expect(left.get(`${base}/status`)?.toString()).toBe('online');
    expect(left.get(`${base}/yard/motion`)?.toString()).toBe('OFF');
    expect(left.get(`${base}/yard/event/picture`)?.subarray(0, 2)).toEqual(Buffer.of(0xff, 0xd8));
    expect(left.has(`${base}/yard/event`)).toBe(false);
    const configs = [...left].filter(([topic]) => topic.startsWith('homeassistant/'));
    expect(configs.map(([topic]) => topic).sort()).toEqual([
      `homeassistant/device/${device}/config`,
      `homeassistant/device/${device}_yard/config`,
    ]);
    for (const [topic, payload] of configs) {
      const config = JSON.parse(payload.toString('utf8')) as Config;
      expect(discoveryProblems(topic, config)).toEqual([]);
      expect(unsaid(config, left)).toEqual([]);
    }
    expect(await agent.stop()).toBe(0);
    expect(await notifier.stop()).toBe(0);
    expect(texts(seen(), `${base}/status`).at(-1)).toBe('offline');
    expect(notifier.stderr()).not.toMatch(/warn|error/);
  });

  it('repeats all when Home Assistant starts, and is offline after kill -9', async () => {
    const broker = await startBroker();
    const { base, device, notify, watch, show } = await world(broker.url, broker.passwordFile);
    const seen = await subscribe(broker.port);
    const notifier = await notify();
    const agent = await watch();
    await show(emptyFrames.slice(0, 2));
    const config = `homeassistant/device/${device}_yard/config`;
    const count = (topic: string) => seen().filter((each) => each.topic === topic).length;
    await eventually(() => count(`${base}/yard/motion`) > 0, 'the camera is shown');
    const before = [config, `${base}/yard/motion`, `${base}/status`].map(
      (topic) => [topic, count(topic)] as const,
    );
    send(broker.port, 'homeassistant/status', 'online');
    for (const [topic, times] of before) {
      await eventually(() => count(topic) > times, `${topic} again`);
    }
    notifier.child.kill('SIGKILL');
    await eventually(() => texts(seen(), `${base}/status`).at(-1) === 'offline', 'the will');
    const next = await notify();
    await eventually(() => texts(seen(), `${base}/status`).at(-1) === 'online', 'the next one');
    expect(await next.stop()).toBe(0);
    expect(await agent.stop()).toBe(0);
  });

  it('is ended by a kill in the middle of an event: the next one says what is true', async () => {
    const broker = await startBroker();
    const { base, notify, watch, show, isAllNoted } = await world(broker.url, broker.passwordFile);
    const seen = await subscribe(broker.port);
    const notifier = await notify();
    const agent = await watch();
    await show([...emptyFrames.slice(0, 3), ...visitedFrames.slice(0, 4)]);
    await eventually(() => texts(seen(), `${base}/yard/event`).length > 0, 'the begin');
    await eventually(isAllNoted, 'a note that the begin was sent');
    notifier.child.kill('SIGKILL');
    await notifier.ended;
    await show(emptyFrames.slice(0, 12));
    const next = await notify();
    await eventually(() => texts(seen(), `${base}/yard/motion`).at(-1) === 'OFF', 'it ended');
    await eventually(() => texts(seen(), `${base}/yard/event`).length === 2, 'the end');
    const types = texts(seen(), `${base}/yard/event`).map(
      (text) => (JSON.parse(text) as { event_type: string }).event_type,
    );
    expect(types).toEqual(['begin', 'end']);
    expect(await next.stop()).toBe(0);
    expect(await agent.stop()).toBe(0);
  });

  it('goes on when the broker is stopped and started, and says all again', async () => {
    const broker = await startBroker();
    const { base, notify, watch, show, receiver } = await world(broker.url, broker.passwordFile);
    const notifier = await notify();
    const agent = await watch();
    await show(emptyFrames.slice(0, 2));
    const state = async (topic: string) =>
      (await retained(broker.port)).get(`${base}/${topic}`)?.toString('utf8');
    await eventually(async () => (await state('yard/motion')) === 'OFF', 'the camera is shown');
    await broker.stop();
    await notifier.says('nothing is published');
    await show([...emptyFrames.slice(0, 3), ...visitedFrames.slice(0, 4)]);
    await eventually(() => receiver.stdout().split('"stored"').length > 5, 'frames are stored');
    // It keeps nothing: a new broker.
    await broker.start();
    const last = await eventually(() => state('yard/event/last'), 'what happened meanwhile');
    expect(JSON.parse(last)).toMatchObject({ camera: 'yard' });
    expect(await state('status')).toBe('online');
    expect(await state('yard/availability')).toBe('online');
    const picture = (await retained(broker.port)).get(`${base}/yard/event/picture`);
    expect(picture?.length).toBeGreaterThan(1000);
    expect(notifier.stderr().match(/nothing is published/g)?.length).toBeLessThanOrEqual(2);
    expect(await agent.stop()).toBe(0);
    expect(await notifier.stop()).toBe(0);
  });

  it.each([
    ['that the broker names', ['max_packet_size 9000']],
    ['by which the broker refuses', ['message_size_limit 9000']],
  ])(
    'makes a picture smaller that is above a limit %s',
    async (_limit, lines) => {
      const broker = await startBroker({ lines });
      const { base, notify, watch, show } = await world(broker.url, broker.passwordFile);
      const notifier = await notify();
      const agent = await watch();
      await show([...emptyFrames.slice(0, 3), ...visitedFrames.slice(0, 4)]);
      const picture = await eventually(
        async () => (await retained(broker.port)).get(`${base}/yard/event/picture`),
        'a picture',
      );
      const [full] = visitedFrames;
      const [size, fullSize] = [readFrameSize(picture), readFrameSize(full ?? Buffer.alloc(0))];
      expect(picture.length).toBeLessThan(9000);
      expect(full?.length).toBeGreaterThan(9000);
      expect(size?.widthPx).toBeLessThan(fullSize?.widthPx ?? 0);
      expect(await agent.stop()).toBe(0);
      expect(await notifier.stop()).toBe(0);
    },
    300_000,
  );

  it('says once that the broker refuses it, and frames are stored', async () => {
    const broker = await startBroker();
    const wrong = join(temporaryDirectory(), 'password');
    writeFileSync(wrong, 'wrong\n');
    const { notify, watch, show, receiver } = await world(broker.url, wrong);
    const notifier = await notify();
    await notifier.says('refuses the user or the password');
    const agent = await watch();
    await show([...emptyFrames.slice(0, 3), ...visitedFrames.slice(0, 4)]);
    await eventually(() => receiver.stdout().split('"stored"').length > 4, 'frames are stored');
    expect(notifier.stderr().match(/nothing is published/g)).toHaveLength(1);
    expect(notifier.stderr()).not.toContain('wrong');
    expect(await agent.stop()).toBe(0);
    expect(await notifier.stop()).toBe(0);
  });
});

interface Config {
  readonly components: Readonly<
    Record<
      string,
      { readonly availability?: readonly { topic: string }[] } & Record<string, unknown>
    >
  >;
}

/** Topics that a payload names and that nothing retained is in. */
function unsaid({ components }: Config, left: ReadonlyMap<string, Buffer>): string[] {
  return Object.values(components)
    .flatMap(({ availability = [], ...keys }) => [
      ...availability.map(({ topic }) => topic),
      ...Object.entries(keys)
        .filter(([key]) => key.endsWith('_topic') || key === 'topic')
        .map(([, topic]) => String(topic)),
    ])
    .filter((topic) => !topic.endsWith('/event') && !left.has(topic));
}

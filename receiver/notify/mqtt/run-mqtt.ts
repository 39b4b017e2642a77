/**
 * Publishes the cameras to an MQTT broker, for Home Assistant: docs/homeassistant.md. It follows the records by itself, since
 * here the state of each camera counts, and no alarm: without cooldown, quiet hours and snoozing, and each camera for itself.
 */
import { join } from 'node:path';
import type { Log } from '../../../shared/cli/log.js';
import type { Clock } from '../../../shared/clock.js';
import { openCaptures } from '../../archive/captures-reader.js';
import type { FreeSpace } from '../../archive/retention/limits.js';
import { type NoticeBucket, noticeFrames } from '../notice-frames.js';
import type { NoticeSettings } from '../notice-settings.js';
import { Notifier } from '../notifier.js';
import { makeNotifyDirectory, mqttStateName } from '../notify-state.js';
import { pictureOf } from '../open-ways.js';
import { RecordTail } from '../record-tail.js';
import { keepLink } from './broker-link.js';
import { pictureWithin } from './broker-picture.js';
import { openSession } from './broker-session.js';
import { HomePublisher } from './home-publisher.js';
import { HomeStates } from './home-states.js';
import { HomeWay } from './home-way.js';
import type { MqttAddress } from './mqtt-address.js';
import { storeIdOf, watchStore } from './store-facts.js';
import { homeStatusTopic, receiverTopics } from './topics.js';

export interface MqttSettings {
  readonly mqtt: MqttAddress;
  readonly password: string | undefined;
  /** Certificate of an authority (PEM). */
  readonly ca: string | undefined;
  readonly mqttDiscovery: string;
  readonly mqttMaxPicture: number;
  /** Undefined: newest frames are not published. */
  readonly mqttNewest: number | undefined;
  readonly hasPicture: boolean;
  /** Address of the viewer. */
  readonly viewer: string | undefined;
  /** Captures directory, or the mirror of a bucket. */
  readonly directory: string;
  readonly bucket: NoticeBucket | undefined;
  /** State directory of the notices. */
  readonly state: string;
  readonly notices: NoticeSettings;
  readonly lowDisk: FreeSpace;
  /** No other notifier logs what is announced. */
  readonly isAlone: boolean;
  readonly hostName: string;
  readonly version: string;
}

export interface MqttParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
}

const markerEveryMs = 2000;

/** Until the signal aborts. @throws {OperationalError} STORE, STATE */
export async function runMqtt(
  settings: MqttSettings,
  parts: MqttParts,
  signal: AbortSignal,
): Promise<void> {
  const { mqtt, directory, mqttDiscovery: prefix, mqttMaxPicture, notices, viewer } = settings;
  const { lowDisk, bucket } = settings;
  const frames = noticeFrames(directory, bucket);
  const { clock, log } = parts;
  const receiver = await knownStore(directory, parts, signal);
  if (receiver === undefined) return;
  const { status } = receiverTopics(receiver);
  const states = new HomeStates({
    ...{ ...settings, receiver, prefix },
    hasNewest: settings.mqttNewest !== undefined,
    newestEveryMs: settings.mqttNewest ?? Infinity,
  });
  const publisher = new HomePublisher({
    ...{ homeStatus: homeStatusTopic(prefix), log },
    async readPicture(frame, maxPacketBytes) {
      const jpeg = await pictureOf(frames, frame);
      return jpeg && pictureWithin(jpeg, Math.min(mqttMaxPicture, maxPacketBytes));
    },
  });
  const { name } = mqtt;
  const { lateAfterMs } = notices;
  const way = new HomeWay({ name, receiver, viewer, lateAfterMs, publisher, clock });
  await learnCameras(directory, states, clock);
  const state = join(settings.state, mqttStateName);
  await makeNotifyDirectory(state);
  const notifier = await Notifier.open(
    {
      ...{ directory, bucket, state, lowDisk, ways: [way], isQuietLog: !settings.isAlone },
      notices: { ...notices, cooldownMs: 0, mergeMs: -1, quiet: undefined },
      observer: {
        addLine: (found) => states.addLine(found),
        addLook: (look) => {
          way.add(look.notices);
          publisher.show(states.addLook(look));
        },
      },
    },
    parts,
  );
  const { password, ca } = settings;
  const clientId = `picchanged-${receiver}`;
  const broker = { address: mqtt, password, ca, clientId, willTopic: status };
  await Promise.all([
    notifier.run(signal),
    watchStore({ directory, bucket }, (facts) => states.setStore(facts), parts, signal),
    keepLink(
      {
        name,
        open: (untilAborted) => openSession(broker, untilAborted),
        serve: (session, untilAborted) => publisher.serve(session, untilAborted),
        leave: (session) => session.publish(status, 'offline', true),
      },
      parts,
      signal,
    ),
  ]);
}

/** Waits for the first receiver of the directory, which gives it an id. @returns undefined: the signal aborted */
async function knownStore(
  directory: string,
  { clock, log }: MqttParts,
  signal: AbortSignal,
): Promise<string | undefined> {
  for (let isFirst = true; !signal.aborted; isFirst = false) {
    const receiver = await storeIdOf(directory);
    if (receiver !== undefined) return receiver;
    if (isFirst) log.info('nothing is published yet: no receiver has stored in the directory');
    await clock.sleep(markerEveryMs, signal);
  }
  return undefined;
}

/** What the ends of the newest records say: the notifier reads only what comes after the last run. */
async function learnCameras(directory: string, states: HomeStates, clock: Clock): Promise<void> {
  const captures = await openCaptures(directory, 'notify');
  try {
    await new RecordTail(undefined, clock).look(captures, (found) => states.addLine(found));
  } finally {
    await captures.close();
  }
}

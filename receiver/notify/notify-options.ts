/** Options of `receiver notify`. */
import * as v from 'valibot';
import { type ValueType, list, value } from '../../shared/cli/option-table.js';
import { InvalidValue } from '../../shared/cli/units.js';
import { duration, path } from '../../shared/cli/value-types.js';
import { freeSpace } from '../archive/retention/retention-options.js';
import { mqttOptions } from './mqtt/mqtt-options.js';
import { notifyAddress } from './notify-address.js';
import type { QuietHours } from './notice-settings.js';

/** A program with its arguments, as a JSON array: no shell takes them apart. */
const commandWords: ValueType<readonly string[]> = {
  metavar: 'COMMAND',
  parse(text) {
    let words: unknown;
    try {
      words = JSON.parse(text);
    } catch {
      words = undefined;
    }
    const read = v.safeParse(v.pipe(v.array(v.string()), v.minLength(1)), words);
    if (!read.success || read.output[0] === '') {
      throw new InvalidValue(
        'must be a JSON array of program and arguments: ["/usr/bin/notify","a"]',
      );
    }
    return read.output;
  },
};

const quietHours: ValueType<QuietHours> = {
  metavar: 'HH:MM-HH:MM',
  parse(text) {
    const [, ...parts] = /^(\d\d):(\d\d)-(\d\d):(\d\d)$/.exec(text) ?? [];
    const [fromHour = 24, fromMinute = 0, toHour = 24, toMinute = 0] = parts.map(Number);
    const isTime = (hour: number, minute: number): boolean => hour < 24 && minute < 60;
    if (!isTime(fromHour, fromMinute) || !isTime(toHour, toMinute)) {
      throw new InvalidValue('must be two times of the day: 23:00-06:30');
    }
    const quiet = { fromMinute: fromHour * 60 + fromMinute, toMinute: toHour * 60 + toMinute };
    if (quiet.fromMinute === quiet.toMinute) throw new InvalidValue('must be two different times');
    return quiet;
  },
};

const viewerAddress: ValueType<string> = {
  metavar: 'URL',
  parse(text) {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (url === undefined || !/^https?:$/.test(url.protocol) || url.username !== '') {
      throw new InvalidValue('must be an address of the viewer, such as http://laptop:8080/');
    }
    return url.href;
  },
};

const day = { maxMs: 86_400_000 };

export const notifyOptions = {
  onEvent: value(commandWords, 'Run this program when an event begins: ["PROGRAM","ARGUMENT"].'),
  onEnd: value(commandWords, 'Run this program when an event has ended.'),
  onSilent: value(commandWords, 'Run this program when a camera is silent.'),
  onBack: value(commandWords, 'Run this program when a silent camera is back.'),
  onLate: value(
    commandWords,
    'Run this program when frames have come too late for an alarm: how many events there were.',
  ),
  onProblem: value(
    commandWords,
    'Run this program when frames are lost, a camera fails, its clock or signature is wrong, or the disk is nearly full.',
  ),
  onResolved: value(commandWords, 'Run this program when such a problem is over.'),
  commandTimeout: value(
    duration({ minMs: 1000, ...day }),
    'Time limit of such a program; then it is ended.',
    '30s',
  ),
  notify: list(
    notifyAddress,
    'Send notices to this address: ntfy://HOST/TOPIC, ntfy+http://HOST/TOPIC, or https://… for a webhook, with ' +
      'USER:PASSWORD@ or :TOKEN@ before the host.',
  ),
  notifyPicture: value(
    { metavar: 'yes|no|private', parse: parsePicture },
    'Send the picture along: to every address, to none, or to this machine and private networks only.',
    'private',
  ),
  notifyFormat: value(
    { metavar: 'json|multipart', parse: parseFormat },
    'Body that webhooks get: JSON with the picture in base64, or a form with the parts notice (JSON) and picture (JPEG).',
    'json',
  ),
  notifySecretFile: value(
    path('FILE'),
    'Sign what webhooks get with the secret in this file (HMAC-SHA256).',
  ),
  ...mqttOptions,
  viewer: value(viewerAddress, 'Address of the viewer: a click on a notice opens it.'),
  quiet: value(
    quietHours,
    'Announce no event that begins and ends in these hours, by the clock of this machine.',
  ),
  lateAfter: value(
    duration({ minMs: 10_000, ...day }),
    'A frame that arrives later after its capture is history: it raises no alarm.',
    '2m',
  ),
  silentAfter: value(
    duration({ minMs: 10_000, ...day }),
    'A camera is silent when nothing has arrived for so long. Without it: three of its reports.',
  ),
  lowDisk: value(
    freeSpace,
    'The disk of the captures is nearly full when it has less than this free. 0: never.',
    '2%',
  ),
  cooldown: value(duration(day), 'Shortest time between two alarms of one camera.', '1m'),
  state: value(
    path('DIR'),
    'State directory: what was announced. Default $STATE_DIRECTORY, else ~/.local/state/picchanged/notify.',
  ),
} as const;

function parseFormat(text: string): 'json' | 'multipart' {
  if (text === 'json' || text === 'multipart') return text;
  throw new InvalidValue('must be json or multipart');
}

function parsePicture(text: string): 'yes' | 'no' | 'private' {
  if (text === 'yes' || text === 'no' || text === 'private') return text;
  throw new InvalidValue('must be yes, no or private');
}

/** What reads a text that somebody typed, configured or named: names, options, settings, units, codes. */
import { isIP } from 'node:net';
import { basename, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { agentProgram } from '../../agent/options.js';
import { fswebcamArguments } from '../../agent/source/fswebcam-arguments.js';
import { readCommandVariable } from '../../agent/source/open-source.js';
import { lastLines } from '../../agent/source/stderr-text.js';
import { parseEntryName } from '../../agent/spool/entry-name.js';
import { isEntry, readRecordLine } from '../../receiver/archive/record-entry.js';
import { noteLine } from '../../receiver/store/store-note.js';
import { passedSockets } from '../../receiver/listen/passed-sockets.js';
import { receiverProgram } from '../../receiver/options.js';
import { readLine, readLines } from '../../receiver/store/record-line.js';
import {
  cameraName,
  cameraNameFromHost,
  isCameraName,
  rawCameraName,
} from '../../shared/protocol/camera-name.js';
import { describeError } from '../../shared/cli/errors.js';
import { numberedName, clockedPath, parseFrameName } from '../../shared/protocol/frame-path.js';
import {
  changeEnvironmentFile,
  readEnvironmentFile,
} from '../../shared/setup/install/environment-file.js';
import {
  quotePath,
  quoteWord,
  readSettings,
  withSetting,
} from '../../shared/setup/install/unit-file.js';
import { parseFleetKeys } from '../../shared/keys/fleet-keys.js';
import { formatIdentity, parseIdentity } from '../../shared/keys/identity.js';
import { pairingCode } from '../../shared/keys/pairing-code.js';
import { makeLog } from '../../shared/cli/log.js';
import {
  type Program,
  flagName,
  readCommandLine,
  variableName,
} from '../../shared/cli/option-table.js';
import { type FuzzTarget, must, orRefused } from './target.js';

const texts = (...each: string[]): Buffer[] => each.map((text) => Buffer.from(text));
const programs: readonly Program[] = [agentProgram, receiverProgram];

/** A folder for a camera: one name, directly in the captures, that no other camera's name is the same as. */
function checkFolder(name: string): void {
  must(resolve('/captures', name) === `/captures/${name}`, 'a camera is one folder');
  must(name.normalize('NFKC').toLowerCase() === name, 'no other camera looks the same to a disk');
  must(name.length <= 63 && !name.startsWith('.') && !name.startsWith('-'), 'a folder is plain');
}

/** Every option of both programs given this text, by a flag and by a variable. */
function checkOptions(text: string): void {
  for (const program of programs) {
    for (const key of Object.keys(program.table)) {
      const typed = orRefused(() => readCommandLine(program, [`--${flagName(key)}=${text}`], {}));
      const inEnvironment = { [variableName(program.name, key)]: text };
      const set = orRefused(() => readCommandLine(program, [], inEnvironment));
      for (const line of [typed, set]) {
        const value = line?.options[key];
        JSON.stringify(value ?? '', (_, each: unknown) => {
          must(typeof each !== 'string' || !each.includes('\0'), 'no value has a NUL');
          return each;
        });
        if (key === 'camera' && typeof value === 'string') checkFolder(value);
      }
    }
  }
}

const unit = '[Unit]\nDescription=x\n\n[Service]\nExecStart=/usr/bin/agent\nUser=picchanged\n';
/** What an installation refuses before it comes to a unit. */
const isOneLine = (text: string): boolean => !/\p{Cc}/u.test(text);

export const textTargets: readonly FuzzTarget[] = [
  {
    name: 'camera-names',
    runs: 2000,
    corpus: texts(
      'yard',
      'front-door',
      'raw-1',
      'a'.repeat(63),
      'Front Door.local',
      '192.168.1.5',
      'fe80::1%eth0',
    ),
    check(bytes) {
      const text = bytes.toString();
      must(isCameraName(text) === (orRefused(() => cameraName.parse(text)) === text), 'both agree');
      if (isCameraName(text)) checkFolder(text);
      const fromHost = cameraNameFromHost(text);
      must(isCameraName(fromHost), 'every host has a camera name');
      checkFolder(fromHost);
      if (isIP(text) === 0) return;
      const raw = rawCameraName(text);
      checkFolder(raw);
      must(!isCameraName(raw), 'what comes unannounced takes no name from a camera');
    },
  },
  {
    name: 'file-names',
    runs: 500,
    corpus: texts(
      '2026_11_22_08_30_15_123+0100.jpg',
      '2026_11_22_08_30_15_123-1145-2.jpg',
      '000000000012.jpg',
    ),
    check(bytes) {
      const text = bytes.toString();
      parseEntryName(text);
      const moment = parseFrameName(text);
      if (moment === undefined) return;
      must(/^[\w+-]+\.jpg$/.test(text), "a frame's name is plain");
      const { stem } = clockedPath('yard', moment);
      must(numberedName(stem, 1) === text || text.startsWith(`${stem}-`), 'it reads back');
    },
  },
  {
    name: 'record-lines',
    runs: 3000,
    corpus: texts(
      '{"epoch":"00112233445566778899aabbccddeeff","sequence":1,"name":"2026_11_22.jpg","size":1}',
      '{"deleted":1,"camera":"yard","at":1795332615123,"why":"max-age","names":["2026_11_22.jpg"],"bytes":7}',
      '{"kept":1,"camera":"yard","at":1795332615123,"event":"1795332615123","note":"the \\u00fcber"}',
      '{"summary":1,"camera":"yard","at":9,"from":1,"to":2,"why":"deleted","frames":3,"bytes":4,"gaps":5,"reports":6,"entries":[["00112233445566778899aabbccddeeff",[[1,2],[7,9]]]]}',
      '{"late":1,"camera":"yard","at":9,"epoch":"00112233445566778899aabbccddeeff","sequence":4,"captured":5}',
      '{"epoch":"00112233445566778899aabbccddeeff","sequence":2,"type":"dropped","count":3,"why":"size","from":"a","to":"b","sequences":[[1,2],[4,9]]}',
      '{"gap":1,"epoch":"00112233445566778899aabbccddeeff","sequence":2,"count":3,"from":1,"to":2,"why":"size"}',
      '{"report":1,"epoch":"00112233445566778899aabbccddeeff","sequence":3,"from":1,"to":2,"state":"off","ended":[{"event":"e"}]}',
    ),
    check(bytes) {
      const text = bytes.toString();
      const read: unknown[] = [];
      readLines(bytes.toString('latin1'), (each) => read.push(each));
      const recorded = readLine(text);
      if (!text.includes('\n'))
        must(isDeepStrictEqual(read, [recorded].filter(Boolean)), 'both readers agree');
      const name = recorded?.kind === 'frame' ? recorded.name : 'a.jpg';
      must(resolve('/day', basename(name)) === `/day/${name}`, 'a recorded name stays in its day');
    },
  },
  {
    name: 'record-entries',
    runs: 4000,
    corpus: texts(
      `{"frame":1,"camera":"yard","epoch":"00112233445566778899aabbccddeeff","sequence":1,"captured":1795332615123,"offset":60,"sha256":"${'a'.repeat(64)}","bytes":5,"size":[32,24],"reason":"change","ratio":0.1,"boxes":[[1,2,3,4]],"event":"7","changed":true,"strength":2,"sig":"x","delay":1,"name":"a.jpg"}`,
      '{"gap":1,"camera":"yard","epoch":"00112233445566778899aabbccddeeff","sequence":2,"count":3,"from":1795332615123,"to":1795332615124,"offset":-90,"why":"size","sequences":[[1,2],[4,9]],"flaw":"not-signed","delay":-7}',
      '{"report":1,"camera":"yard","epoch":"00112233445566778899aabbccddeeff","sequence":3,"from":1795332600000,"to":1795332660000,"offset":60,"state":"failing","why":"no device","compared":57,"changed":12,"skipped":0,"pause":2104,"waiting":3,"dropped":0,"every":60000,"stepped":-5,"before":["fedcba9876543210",311],"ended":[{"event":"e1","first":1,"last":2,"frames":14,"cut":true}],"delay":1,"clock":4000}',
      `{"epoch":"00112233445566778899aabbccddeeff","sequence":1,"name":"2026_11_22.jpg","size":1,"sha256":"${'a'.repeat(64)}","captured":"2026-11-22T07:30:15.123Z","utcOffsetMinutes":60,"received":"2026-11-22T07:30:15.200Z","verdict":{"reason":"all","ratio":0,"boxes":[]}}`,
      '{"deleted":1,"camera":"yard","at":1795332615123,"why":"max-age","names":["2026_11_22.jpg"],"bytes":7}',
      '{"kept":1,"camera":"yard","at":1795332615123,"event":"1795332615123","note":"the \\u00fcber"}',
      '{"summary":1,"camera":"yard","at":9,"from":1,"to":2,"why":"deleted","frames":3,"bytes":4,"gaps":5,"reports":6,"entries":[["00112233445566778899aabbccddeeff",[[1,2],[7,9]]]]}',
      '{"late":1,"camera":"yard","at":9,"epoch":"00112233445566778899aabbccddeeff","sequence":4,"captured":5}',
      '{"epoch":"00112233445566778899aabbccddeeff","sequence":2,"type":"dropped","count":3,"why":"size","from":"2026-11-22T07:30:15.123Z","to":"2026-11-22T07:30:15.124Z","utcOffsetMinutes":60,"received":"2026-11-22T07:30:15.200Z"}',
    ),
    check(bytes) {
      const entry = readRecordLine(bytes.toString('latin1'));
      if (entry === undefined) return;
      if (!isEntry(entry)) {
        must(/^[ -~]*\n$/.test(noteLine(entry)), 'a note is written in ASCII');
        for (const name of 'names' in entry ? (entry.names ?? []) : []) {
          must(resolve('/day', name) === `/day/${name}`, 'a name stays in its day');
        }
        checkFolder(entry.camera);
        return;
      }
      must(/^[ -~]*$/.test(Object.values(entry).join('')), 'an entry is printable');
      const times = entry.kind === 'frame' ? [entry.capturedAtMs] : [entry.fromMs, entry.toMs];
      for (const ms of times) new Date(ms + entry.utcOffsetMinutes * 60_000).toISOString();
      if (entry.kind === 'frame') {
        must(resolve('/day', entry.name) === `/day/${entry.name}`, 'a name stays in its day');
      }
      if (entry.kind === 'report') must(entry.fromMs <= entry.toMs, 'a stretch has an end');
      if (entry.camera !== undefined) checkFolder(entry.camera);
    },
  },
  {
    name: 'options',
    runs: 150,
    corpus: texts(
      ...[
        'yard',
        'laptop:4444',
        '[fe80::1%eth0]:4444',
        '127.0.0.1:0',
        '/srv/captures',
        '10s',
        '1.5GB',
      ],
      ...['0.5%', '1280x720', '/dev/video0', 'file:/a.jpg', 'folder:/srv', 'yes', '7', 'memory'],
    ),
    check(bytes) {
      checkOptions(bytes.toString());
    },
  },
  {
    name: 'command-lines',
    runs: 300,
    corpus: texts(
      '--host\nlaptop\n--camera\nyard\n--once',
      '--source=command\n--\nrpicam-vid\n-o\n-',
      '--dir\n/srv/captures\n--listen=4444\n--open',
    ),
    check(bytes) {
      const words = bytes.toString().split('\n');
      for (const program of programs) orRefused(() => readCommandLine(program, words, {}));
      orRefused(() => readCommandVariable(JSON.stringify(words)));
      orRefused(() => readCommandVariable(bytes.toString()));
    },
  },
  {
    name: 'fswebcam',
    runs: 300,
    corpus: texts('/dev/video0', 'TEST:', 'FILE:/a.jpg', '/dev/v4l/by-path/pci-0:1-video-index0'),
    check(bytes) {
      const device = bytes.toString();
      const shot = { device, resolution: undefined, skip: 10, quality: 85 };
      const words = orRefused(() => fswebcamArguments(shot, '/run/shot.jpg'));
      // Resolution, quality, device, banner, skip, and where to.
      must(words === undefined || words.length === 10, 'a device is one word');
    },
  },
  {
    name: 'environment-file',
    runs: 1500,
    corpus: texts(
      '# mine\nAGENT_HOST=laptop\nA="b\nc"\n',
      "RECEIVER_DIR='/srv/it is'\\''s'\n;C=3 \\\nD=4",
      '/srv/captures 100% "$HOME" `id`',
    ),
    check(bytes) {
      const text = bytes.toString();
      readEnvironmentFile(text);
      const changed = changeEnvironmentFile('X=1\n', { RECEIVER_KEYS: text });
      const read = Object.fromEntries(readEnvironmentFile(changed));
      must(Object.keys(read).join() === 'X,RECEIVER_KEYS', 'one setting is one setting');
      must(read.RECEIVER_KEYS === text, 'it reads back as it was');
      // Whatever somebody has written, what is set is set.
      const keys = { RECEIVER_KEYS: '/srv/keys' };
      const beside = orRefused(() => changeEnvironmentFile(text, keys));
      if (beside === undefined) return;
      must(
        readEnvironmentFile(beside).get('RECEIVER_KEYS') === '/srv/keys',
        'it is set in any file',
      );
    },
  },
  {
    name: 'unit-file',
    runs: 300,
    corpus: texts(
      '/srv/captures',
      '/srv/it is',
      '/srv/100%',
      '$HOME',
      '/srv/"a"\\b',
      'ExecStart=/bin/sh',
    ),
    check(bytes) {
      const text = bytes.toString();
      if (!isOneLine(text)) return;
      for (const quoted of [quotePath(text), quoteWord(text)]) {
        const changed = withSetting(unit, 'Service', 'ReadWritePaths', quoted);
        must(readSettings(changed, 'ReadWritePaths').join() === quoted, 'it stands there');
        must(
          changed.replace(`ReadWritePaths=${quoted}\n`, '') === unit,
          'and nothing else has changed',
        );
        must(/^(?:[^\s"'\\]*|"(?:[^"\\]|\\["\\])*")$/.test(quoted), 'it is one word');
        must(!/(?:^|[^%])(?:%%)*%(?:[^%]|$)/.test(quoted), 'no % means anything');
      }
    },
  },
  {
    name: 'listen-variables',
    runs: 200,
    corpus: texts('7\n2\nmany:one', '7\n1\n', '7\n0\nx'),
    check(bytes) {
      const [pid, fds, ...names] = bytes.toString().split('\n');
      const env = { LISTEN_PID: pid, LISTEN_FDS: fds, LISTEN_FDNAMES: names.join('\n') };
      for (const { fd } of passedSockets(env, 7))
        must(fd >= 3 && fd < 11_000, 'a descriptor is passed');
    },
  },
  {
    name: 'pairing-codes',
    runs: 300,
    corpus: texts('7K2M-0000-1111-2222-3333-4444-55AB', '0000-0000-0000-0000-0000-0000-00'),
    check(bytes) {
      const secret = orRefused(() => pairingCode.parse(bytes.toString()));
      if (secret === undefined) return;
      must(
        /^[0-9a-f]{16}$/.test(secret.id) && secret.key.length === 32,
        'a code gives an id and a key',
      );
    },
  },
  {
    name: 'identities',
    runs: 1000,
    corpus: texts(
      'yard.0011223344556677',
      'pair.0011223344556677',
      'raw-1.00',
      `${'a'.repeat(63)}.k1`,
    ),
    check(bytes) {
      const text = bytes.toString();
      const identity = parseIdentity(text);
      if (identity === undefined) return;
      must(formatIdentity(identity) === text, 'an identity has one spelling');
      checkFolder(identity.name);
    },
  },
  {
    name: 'fleet-keys',
    runs: 1000,
    corpus: texts(`# fleet\nyard.k1 ${'0f'.repeat(32)}\n\nfront-door.k2\t${'a0'.repeat(32)}\r\n`),
    check(bytes) {
      try {
        for (const { camera, key } of parseFleetKeys(bytes.toString())) {
          checkFolder(camera);
          must(key.length === 32, 'a key is whole');
        }
      } catch (error) {
        must(
          /^line \d+ is not CAMERA.ID and 64 hex digits$/.test((error as Error).message),
          'no key is told',
        );
      }
    },
  },
  {
    name: 'log-words',
    runs: 300,
    corpus: texts('the disk is full: make room', 'GET / HTTP/1.1', 'a\u001b[2Jb\nc'),
    check(bytes) {
      const text = bytes.toString();
      const lines: string[] = [];
      const settings = { component: 'test', verbose: true, journal: true, nowMs: () => 0 };
      const log = makeLog({ ...settings, write: (line) => void lines.push(line) });
      log.warn('said', { text, list: [text], error: new Error(text) });
      lines.push(`${describeError(new Error(text))}\n`, `${lastLines(text)}\n`);
      for (const line of lines)
        must(/^\P{Cc}*\n$/u.test(line), 'an event is a line, and moves no cursor');
    },
  },
];

/** What reads files that lie about: keys, manifests, markers, spools. Each is put in the folder that is given. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StateDirectory } from '../../agent/service/state.js';
import { KeyStore } from '../../agent/uplink/keys/key-store.js';
import { DiskStore } from '../../agent/spool/disk-store.js';
import { surveySpool } from '../../agent/spool/spool-survey.js';
import { KeyFolder } from '../../receiver/access/keys/key-folder.js';
import { KeyRing } from '../../receiver/access/keys/key-ring.js';
import { DayRecord } from '../../receiver/store/day-record.js';
import { Folder } from '../../receiver/store/folder.js';
import { StoreMarker } from '../../receiver/store/store-marker.js';
import { surveyCaptures } from '../../receiver/store/captures-survey.js';
import { systemClock } from '../../shared/clock.js';
import { changeEnvironmentFile } from '../../shared/setup/install/environment-file.js';
import { readManifest } from '../../shared/setup/install/manifest.js';
import { installedValue } from '../../shared/setup/installed-value.js';
import { readFleetKeys } from '../../shared/keys/fleet-keys.js';
import { noReport } from '../support/spool-settings.js';
import { type FuzzTarget, must, orRefused, orRefusedLater } from './target.js';

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const id = '00112233445566778899aabbccddeeff';
const key = 'ab'.repeat(32);

/** The first line is a name, as far as it can be one file's; the rest is in it. */
function writeNamed(folder: string, bytes: Buffer): void {
  const end = bytes.indexOf('\n');
  const name = bytes.subarray(0, Math.max(0, end));
  if (
    name.length > 200 ||
    existsSync(join(folder, name.toString())) ||
    /[/\0]|^\.{0,2}$/.test(name.toString())
  )
    return;
  writeFileSync(Buffer.concat([Buffer.from(`${folder}/`), name]), bytes.subarray(end + 1));
}

export const fileTargets: readonly FuzzTarget[] = [
  {
    name: 'receiver-keys',
    runs: 150,
    corpus: [
      json({ paired: { id: 'k1', key, pairedAtMs: 1 } }),
      json({ code: { id: 'c1', key, expiresAtMs: 9e15, pending: { id: 'k2', key } } }),
    ],
    async check(bytes, directory) {
      writeFileSync(join(directory, 'yard.json'), bytes);
      writeFileSync(join(directory, 'yard.seen'), bytes);
      const folder = new KeyFolder(directory);
      orRefused(() => folder.read('yard'));
      await folder.seen('yard');
      const ring = await orRefusedLater(() => KeyRing.open(folder, undefined, systemClock));
      for (const identity of ['yard.k1', 'pair.c1', 'yard.k2', 'yard.constructor']) {
        const held = orRefused(() => ring?.find(identity));
        must(held === undefined || held.key.length === 32, 'a key is whole');
      }
    },
  },
  {
    name: 'agent-keys',
    runs: 150,
    corpus: [
      json({ hosts: ['laptop:4444'], keys: [{ camera: 'yard', id: 'k1', key, codeId: 'c1' }] }),
    ],
    async check(bytes, directory) {
      mkdirSync(join(directory, 'keys'));
      writeFileSync(join(directory, `keys/${id}.json`), bytes);
      const store = new KeyStore(directory, undefined);
      const keys = await orRefusedLater(() =>
        store.keysFor({ host: 'laptop', port: 4444 }, 'yard'),
      );
      for (const each of keys ?? []) must(each.key.length === 32, 'a key is whole');
      await orRefusedLater(() => store.findUnproven('c1'));
    },
  },
  {
    name: 'fleet-file',
    runs: 100,
    corpus: [Buffer.from(`yard.k1 ${key}\n`)],
    async check(bytes, directory) {
      writeFileSync(join(directory, 'picchanged-keys'), bytes);
      await orRefusedLater(() => readFleetKeys(directory));
    },
  },
  {
    name: 'manifest',
    runs: 150,
    corpus: [
      json({ files: { '/etc/x': key }, folders: ['/etc/y'], units: ['a.service'], madeUser: 'u' }),
    ],
    async check(bytes, directory) {
      const path = join(directory, 'agent.installed.json');
      writeFileSync(path, bytes);
      const manifest = await orRefusedLater(() => readManifest(path));
      must(
        Object.values(manifest?.files ?? {}).every((each) => typeof each === 'string'),
        'texts',
      );
    },
  },
  {
    name: 'installed-settings',
    runs: 150,
    corpus: ['/var/lib/keys', '"/srv/a b"', '/srv/"$a"\\b', "it's"].map((each) =>
      Buffer.from(each),
    ),
    async check(bytes, directory) {
      const env = { HOME: directory };
      const read = () =>
        orRefusedLater(() => installedValue('receiver', 'RECEIVER_KEYS', env, directory));
      writeFileSync(join(directory, 'receiver.env'), bytes);
      await read();
      const value = bytes.toString();
      // An installation takes no other path.
      if (/\p{Cc}/u.test(value) || value === '') return;
      const text = changeEnvironmentFile('X=1\n', { RECEIVER_KEYS: value });
      writeFileSync(join(directory, 'receiver.env'), text);
      must(
        (await read()) === (value.trim() || undefined),
        'a verb takes the path that the service takes',
      );
    },
  },
  {
    name: 'store-marker',
    runs: 100,
    corpus: [json({ id })],
    async check(bytes, directory) {
      writeFileSync(join(directory, '.picchanged.json'), bytes);
      const root = await Folder.open(directory);
      const marker = await orRefusedLater(() => StoreMarker.open(root));
      await root.close();
      must(/^[0-9a-f]{32}$/.test(marker?.id ?? id), 'a store has an id');
    },
  },
  {
    name: 'day-record',
    runs: 100,
    corpus: [
      Buffer.from(
        `{"epoch":"${id}","sequence":1,"name":"a.jpg"}\n{"epoch":"${id}","sequence":2,"type":"dropped"}\n`,
      ),
    ],
    async check(bytes, directory) {
      writeFileSync(join(directory, 'record.jsonl'), bytes);
      const folder = await Folder.open(directory);
      const record = new DayRecord();
      await record.refresh(folder);
      await record.append(folder, '{}\n', { kind: 'frame', key: '__proto__', name: 'b.jpg' });
      await record.rest();
      await folder.close();
      must(record.nameOf('__proto__', 'b') === 'b.jpg', 'what is noted is found');
      must(record.nameOf('constructor', 'b') === undefined, 'nothing else is');
    },
  },
  {
    name: 'spool-folder',
    runs: 100,
    corpus: [
      Buffer.from(`epoch\n${id}`),
      Buffer.from('000000000012.jpg\nbytes'),
      Buffer.from('000000000011.sent\n'),
      Buffer.from('receiver\nx'),
      Buffer.from('.0011223344556677.part\n'),
    ],
    async check(bytes, directory) {
      const folder = join(directory, 'laptop_4444');
      mkdirSync(folder);
      writeNamed(folder, bytes);
      await surveySpool(directory);
      const opened = await orRefusedLater(() => DiskStore.open(folder, noReport));
      for (const { sequence, kind } of opened?.life.entries ?? []) {
        await orRefusedLater(() => opened!.store.get(sequence, kind));
      }
    },
  },
  {
    name: 'captures-folder',
    runs: 100,
    corpus: ['yard', '2026_11_22', '2026_11_22_08_30_15_123+0100.jpg'].map((name) =>
      Buffer.from(`${name}\n`),
    ),
    async check(bytes, directory) {
      const day = join(directory, 'yard/1970_01_01');
      mkdirSync(day, { recursive: true });
      for (const folder of [directory, join(directory, 'yard'), day]) writeNamed(folder, bytes);
      await surveyCaptures(directory, 0, 0);
    },
  },
  {
    name: 'state-file',
    runs: 50,
    corpus: [Buffer.from('judge')],
    async check(bytes, directory) {
      const state = await StateDirectory.open(directory);
      await state.write('memory', bytes);
      must((await state.read('memory'))?.equals(bytes) === true, 'it is kept as it was');
    },
  },
];

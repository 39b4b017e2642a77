/** What verify finds in a captures directory: nothing in an honest one, each change by its name. */
import {
  appendFileSync,
  cpSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { memoryBase, temporaryDirectory } from '../../../support/temporary.js';
import { keyPair, knownOf, makeStore, verify } from './made-store.js';

const [day, nextDay] = ['2026_11_22', '2026_11_23'];

const original = mkdtempSync(join(memoryBase, 'picchanged-test-'));
afterAll(() => rmSync(original, { recursive: true, force: true }));
let made: ReturnType<typeof makeStore> | undefined;

/** A copy of one store. */
async function honest() {
  const { known, keys } = await (made ??= makeStore(original));
  const directory = temporaryDirectory();
  cpSync(original, directory, { recursive: true, preserveTimestamps: true });
  const at = (path: string): string => join(directory, path);
  const lines = (path: string): string[] =>
    readFileSync(at(`${path}/record.jsonl`), 'utf8')
      .trimEnd()
      .split('\n');
  const write = (path: string, all: readonly string[]): void =>
    writeFileSync(at(`${path}/record.jsonl`), `${all.join('\n')}\n`);
  const frames = (path: string): string[] =>
    readdirSync(at(path))
      .filter((name) => name.endsWith('.jpg'))
      .sort();
  const change = (path: string, edit: (all: string[]) => void): void => {
    const all = lines(path);
    edit(all);
    write(path, all);
  };
  return { directory, known, keys, at, lines, frames, change };
}

const indexOf = (lines: readonly string[], start: string): number =>
  lines.findIndex((line) => line.startsWith(start));

describe('an honest store', () => {
  it('has no finding, and each entry is proven', async () => {
    const { directory, known } = await honest();
    const { findings, results } = await verify(directory, known);
    expect(findings).toEqual([]);
    expect(results.map(({ camera, faults, notes }) => [camera, faults, notes])).toEqual([
      ['door', 0, 0],
      ['yard', 0, 0],
    ]);
    expect(results[0]?.tally).toMatchObject({
      frames: 16,
      gaps: 1,
      reports: 4,
      proven: 21,
      unsigned: 0,
    });
  });

  it('is signed, with a key that is not known here', async () => {
    const { directory } = await honest();
    const { findings, results } = await verify(directory, new Map());
    expect(findings).toEqual([]);
    expect(results[0]?.tally).toMatchObject({ proven: 0, keyNotKnown: 21 });
  });

  it('of a camera that had another key in all of an epoch is not accused', async () => {
    const { directory } = await honest();
    const { kinds } = await verify(directory, knownOf({ yard: keyPair(), door: keyPair() }));
    expect(new Set(kinds.map((kind) => kind.split(' ')[0]))).toEqual(new Set(['other-key']));
  });

  it('may have lines twice, and what a power cut leaves of a line', async () => {
    const { directory, known, lines, at } = await honest();
    const [first = ''] = lines(`yard/${nextDay}`);
    appendFileSync(at(`yard/${nextDay}/record.jsonl`), `{"frame":1,"cam\n${first}\n{"fra`);
    const { findings } = await verify(directory, known);
    expect(findings).toMatchObject([{ kind: 'torn-line' }]);
  });
});

describe('a change of a store is found:', () => {
  type Store = Awaited<ReturnType<typeof honest>>;
  const cases: [string, (store: Store) => unknown, string[]][] = [
    [
      'a byte of a frame',
      ({ at, frames }) => {
        const path = at(`yard/${day}/${frames(`yard/${day}`)[1]}`);
        const bytes = readFileSync(path);
        bytes[100] = (bytes[100] ?? 0) ^ 1;
        writeFileSync(path, bytes);
      },
      ['wrong-bytes'],
    ],
    [
      'a frame that is cut',
      ({ at, frames }) => {
        const path = at(`yard/${day}/${frames(`yard/${day}`)[1]}`);
        writeFileSync(path, readFileSync(path).subarray(0, 50));
      },
      ['wrong-size'],
    ],
    [
      'a file that is removed',
      ({ at, frames }) => rmSync(at(`yard/${day}/${frames(`yard/${day}`)[2]}`)),
      ['missing-file'],
    ],
    [
      'a file that became a link',
      ({ at, frames }) => {
        const path = at(`yard/${day}/${frames(`yard/${day}`)[2]}`);
        renameSync(path, at('elsewhere'));
        symlinkSync(at('elsewhere'), path);
      },
      ['no-file'],
    ],
    [
      'the line of a frame that is removed',
      ({ change }) => change(`yard/${nextDay}`, (all) => all.splice(indexOf(all, '{"frame"'), 1)),
      ['no-line'],
    ],
    [
      'a frame that is removed with its line',
      ({ at, change }) =>
        change(`yard/${nextDay}`, (all) => {
          const [line = ''] = all.splice(indexOf(all, '{"frame"'), 1);
          const name = frameNameOf(line);
          rmSync(at(`yard/${nextDay}/${name}`));
        }),
      ['missing-entries'],
    ],
    [
      'a report that is removed',
      ({ change }) => change(`yard/${nextDay}`, (all) => all.splice(indexOf(all, '{"report"'), 1)),
      ['missing-entries'],
    ],
    [
      'a gap that is removed',
      ({ change }) => change(`yard/${nextDay}`, (all) => all.splice(indexOf(all, '{"gap"'), 1)),
      ['missing-entries'],
    ],
    [
      'a tail that is cut off before the last report',
      ({ change, at }) =>
        change(`yard/2026_11_24`, (all) => {
          const tail = all.splice(-3, 2);
          for (const line of tail) rmSync(at(`yard/2026_11_24/${frameNameOf(line)}`));
        }),
      ['missing-entries'],
    ],
    [
      'the end of an epoch that is cut off',
      ({ change }) =>
        change(`yard/${nextDay}`, (all) => {
          const last = all.findIndex((line) => line.includes(`"epoch":"bb`));
          all.splice(last - 1, 1);
        }),
      ['missing-entries'],
    ],
    [
      'a changed byte of a statement',
      ({ change }) =>
        change(`yard/${day}`, (all) => {
          const at = indexOf(all, '{"frame"');
          all[at] = (all[at] ?? '').replace('"ratio":0.1', '"ratio":0.2');
        }),
      ['wrong-signature'],
    ],
    [
      'a statement that is overridden after its signature',
      ({ change }) =>
        change(`yard/${day}`, (all) => {
          const at = indexOf(all, '{"frame"');
          all[at] = `${(all[at] ?? '').slice(0, -1)},"ratio":0.2}`;
        }),
      ['altered-line'],
    ],
    [
      'a signature that is taken away',
      ({ change }) =>
        change(`yard/${nextDay}`, (all) => {
          const at = indexOf(all, '{"frame"');
          all[at] = (all[at] ?? '').replace(/"sig":"[^"]*",/, '');
        }),
      ['no-signature'],
    ],
    [
      'a signature that is that of another frame',
      ({ change }) =>
        change(`yard/${nextDay}`, (all) => {
          const at = indexOf(all, '{"frame"');
          const sig = /"sig":"[^"]*"/.exec(all[at + 1] ?? '')?.[0] ?? '';
          all[at] = (all[at] ?? '').replace(/"sig":"[^"]*"/, sig);
        }),
      ['wrong-signature'],
    ],
    [
      'a line that is moved to another day',
      ({ change }) => {
        let line = '';
        change(`yard/${nextDay}`, (all) => {
          line = all.splice(indexOf(all, '{"frame"'), 1)[0] ?? '';
        });
        change(`yard/${day}`, (all) => all.push(line));
      },
      ['wrong-day', 'no-line'],
    ],
    [
      'a line that is copied to another day',
      ({ change, lines }) => {
        const all = lines(`yard/${nextDay}`);
        change(`yard/${day}`, (others) => others.push(all[indexOf(all, '{"frame"')] ?? ''));
      },
      ['wrong-day'],
    ],
    [
      'lines that are swapped between two cameras',
      ({ change, lines }) => {
        const [ours, theirs] = [lines(`yard/${day}`), lines(`door/${day}`)];
        const at = indexOf(ours, '{"frame"');
        change(`yard/${day}`, (all) => (all[at] = theirs[at] ?? ''));
        change(`door/${day}`, (all) => (all[at] = ours[at] ?? ''));
      },
      ['wrong-camera', 'no-line', 'wrong-camera', 'no-line'],
    ],
    [
      'files that are swapped between two cameras',
      ({ at, frames }) => {
        const name = `${day}/${frames(`yard/${day}`)[1]}`;
        renameSync(at(`yard/${name}`), at('aside'));
        renameSync(at(`door/${name}`), at(`yard/${name}`));
        renameSync(at('aside'), at(`door/${name}`));
      },
      ['wrong-bytes', 'wrong-bytes'],
    ],
    [
      'a frame of another camera',
      ({ at, frames }) => {
        copyFileSync(
          at(`door/${day}/${frames(`door/${day}`)[0]}`),
          at(`yard/${day}/2026_11_22_23_59_59_999+0100.jpg`),
        );
      },
      ['no-line'],
    ],
    [
      'one statement that stands for two files',
      ({ at, change, frames }) => {
        const name = frames(`yard/${day}`)[0] ?? '';
        const second = name.replace('.jpg', '-2.jpg');
        copyFileSync(at(`yard/${day}/${name}`), at(`yard/${day}/${second}`));
        change(`yard/${day}`, (all) => {
          const line = all[indexOf(all, '{"frame"')] ?? '';
          all.push(`${line.slice(0, -1)},"name":"${second}"}`);
        });
      },
      ['used-twice'],
    ],
    [
      'a name that does not follow from the statement',
      ({ at, change, frames }) => {
        const name = frames(`yard/${day}`)[0] ?? '';
        renameSync(at(`yard/${day}/${name}`), at(`yard/${day}/2026_11_22_23_59_59_999+0100.jpg`));
        change(`yard/${day}`, (all) => {
          const index = indexOf(all, '{"frame"');
          all[index] =
            `${(all[index] ?? '').slice(0, -1)},"name":"2026_11_22_23_59_59_999+0100.jpg"}`;
        });
      },
      ['wrong-name'],
    ],
    [
      'a file that a later line gives to another frame',
      ({ at, change, frames }) => {
        const name = frames(`yard/${day}`)[0] ?? '';
        change(`yard/${day}`, (all) => {
          const line = all[indexOf(all, '{"frame"')] ?? '';
          const other = line
            .replace(/"sequence":\d+/, '"sequence":3')
            .replace(/"sig":"[^"]*",/, '');
          all.push(
            other
              .replace(/"sha256":"[^"]*"/, `"sha256":"${sha256OfX}"`)
              .replace(/"bytes":\d+/, '"bytes":1'),
          );
        });
        writeFileSync(at(`yard/${day}/${name}`), 'x');
      },
      ['missing-file', 'no-signature'],
    ],
    [
      'a foreign file',
      ({ at }) => writeFileSync(at(`yard/${day}/notes.txt`), 'x'),
      ['foreign-file'],
    ],
    ['a foreign folder', ({ at }) => mkdirSync(at(`yard/${day}/more`)), ['foreign-file']],
  ];

  it.each(cases)('%s', async (_, tamper, expected) => {
    const store = await honest();
    tamper(store);
    const { findings } = await verify(store.directory, store.known);
    expect(findings.map(({ kind }) => kind).sort()).toEqual(expected.toSorted());
  });
});

/** Of the one byte `x`. */
const sha256OfX = '2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881';

function frameNameOf(line: string): string {
  const { captured, offset } = JSON.parse(line) as { captured: number; offset: number };
  const local = new Date(captured + offset * 60_000).toISOString();
  return `${local.slice(0, -1).replaceAll(/[-T:.]/g, '_')}+0100.jpg`;
}

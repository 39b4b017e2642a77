/** A mirror has the records of its bucket. */
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { frameLine, gapLine } from '../../../../receiver/store/record-line.js';
import { addErasure, erasuresOf } from '../../../../receiver/store/s3/bucket-erasures.js';
import { readErasures } from '../../../../receiver/store/erasures.js';
import { bucketId, linesOf, makeMirrorWorld, mirrored } from '../../../support/mirror-world.js';
import { day, frameOf, gapOf, nameOf, receivedAtMs } from '../../store/given.js';

const size = { widthPx: 8, heightPx: 8 };
const line = (sequence: number, changes = {}): string => {
  const frame = frameOf(sequence, changes);
  const name = nameOf(sequence).slice(day.length + 1);
  return frameLine({ ...frame, name, byteCount: frame.jpeg.length, size });
};
const piece = (name: string): string => `${day}/record.d/${name}`;

describe('a refresh of a day', () => {
  it('reads each piece once, and appends what is new', async () => {
    const { open, put, requests } = await makeMirrorWorld();
    put(`${day}/record.jsonl`, line(1));
    put(piece('l-b-1'), line(2));
    const mirror = await open();
    await mirror.refreshDay(day);
    const first = mirrored(mirror, day);
    expect(first.text).toBe(line(1) + line(2));
    put(piece('l-a-1'), line(2) + line(3));
    requests();
    await mirror.refreshDay(day);
    expect(requests()).toEqual([`GET cams/${day}/record.`, `GET cams/${piece('l-a-1')}`]);
    const second = mirrored(mirror, day);
    expect(second.text).toBe(first.text + line(3));
    expect(second.inode).toBe(first.inode);
  });

  it('costs one request when nothing is new, also for another process later', async () => {
    const { open, put, requests } = await makeMirrorWorld();
    put(piece('l-a-1'), line(1));
    const first = await open();
    await first.refreshDay(day);
    await first.close();
    const second = await open();
    requests();
    await second.refreshDay(day);
    expect(requests()).toEqual([`GET cams/${day}/record.`]);
    expect(second.directory).toBe(first.directory);
  });

  it('leaves the record as it is when pieces were joined and nothing is lost', async () => {
    const { open, put, remove } = await makeMirrorWorld();
    for (const number of [1, 2, 3]) put(piece(`l-a-${number}`), line(number));
    put(piece('e-1'), gapLine(gapOf(9)));
    const mirror = await open();
    await mirror.refreshDay(day);
    const before = mirrored(mirror, day);
    put(piece('l-a-4'), [3, 2, 1, 4].map((number) => line(number)).join(''));
    for (const name of ['l-a-1', 'l-a-2', 'l-a-3']) remove(piece(name));
    await mirror.refreshDay(day);
    const after = mirrored(mirror, day);
    expect(after.text).toBe(before.text + line(4));
    expect(after.inode).toBe(before.inode);
  });

  it('replaces the record when lines were taken out, and the index goes with it', async () => {
    const { open, put, remove } = await makeMirrorWorld();
    put(piece('l-a-1'), line(1) + line(2) + line(3));
    const mirror = await open();
    await mirror.refreshDay(day);
    const before = mirrored(mirror, day);
    const index = join(mirror.directory, day, '.day-index');
    writeFileSync(index, 'of the record before');
    put(piece('l-a-1'), line(1) + line(3));
    await mirror.refreshDay(day);
    const after = mirrored(mirror, day);
    expect(after.lines).toEqual(linesOf(line(1) + line(3)));
    expect(after.inode).not.toBe(before.inode);
    expect(after.text.startsWith('\n')).toBe(true);
    expect(existsSync(index)).toBe(false);
    remove(piece('l-a-1'));
    await mirror.refreshDay(day);
    expect(existsSync(after.path)).toBe(false);
  });

  it('has the time of the newest arrival, not of the refresh', async () => {
    const { open, put } = await makeMirrorWorld();
    put(piece('l-a-1'), line(1) + line(2, { receivedAtMs: receivedAtMs + 5000 }));
    put(piece('l-a-2'), line(3));
    const mirror = await open();
    await mirror.refreshDay(day);
    expect(Math.round(mirrored(mirror, day).mtimeMs)).toBe(receivedAtMs + 5000);
  });

  it('takes nothing out that the next list has again', async () => {
    const { stub, open, put } = await makeMirrorWorld();
    put(piece('l-a-1'), line(1));
    put(piece('l-a-2'), line(2));
    const mirror = await open();
    await mirror.refreshDay(day);
    const before = mirrored(mirror, day);
    const hidden = stub.objects.get(`cams/${piece('l-a-1')}`);
    stub.objects.delete(`cams/${piece('l-a-1')}`);
    let lists = 0;
    stub.fault = ({ query }) => {
      lists += query.has('list-type') ? 1 : 0;
      if (lists === 2 && hidden !== undefined) stub.objects.set(`cams/${piece('l-a-1')}`, hidden);
      return undefined;
    };
    await mirror.refreshDay(day);
    expect(mirrored(mirror, day)).toEqual(before);
  });

  it('says which request failed, and is whole at the next one', async () => {
    const { stub, open, put, merged } = await makeMirrorWorld();
    put(piece('l-a-1'), line(1));
    put(piece('l-a-2'), line(2));
    const mirror = await open();
    stub.fault = ({ key }) =>
      key.endsWith('l-a-2') ? { kind: 'refuse', status: 403, code: 'AccessDenied' } : undefined;
    await expect(mirror.refreshDay(day)).rejects.toMatchObject({
      code: 'STORE',
      message: expect.stringContaining('l-a-2') as string,
    });
    stub.fault = () => undefined;
    await mirror.refreshDay(day);
    expect(mirrored(mirror, day).lines).toEqual(await merged(day));
  });
});

describe('a refresh of all cameras', () => {
  it('makes the folders of cameras and days, and removes those that are gone', async () => {
    const { open, put, remove } = await makeMirrorWorld();
    put('door/2026_11_20/record.d/l-a-1', line(1));
    put('door/2026_11_21/x.jpg', 'no record');
    put('door/unclocked/2026_11_22/record.d/l-a-1', line(2));
    put(piece('l-a-1'), line(3));
    const mirror = await open();
    await mirror.refresh();
    const below = (...path: string[]) =>
      readdirSync(join(mirror.directory, ...path)).filter((name) => !name.startsWith('.'));
    expect(below()).toEqual(['door', 'yard']);
    expect(below('door')).toEqual(['2026_11_20', '2026_11_21', 'unclocked']);
    expect(below('door', '2026_11_21')).toEqual([]);
    expect(mirrored(mirror, 'door/unclocked/2026_11_22').text).toBe(line(2));
    remove(piece('l-a-1'));
    remove('door/2026_11_20/record.d/l-a-1');
    remove('door/unclocked/2026_11_22/record.d/l-a-1');
    await mirror.refresh();
    expect(below()).toEqual(['door']);
    expect(below('door')).toEqual(['2026_11_21']);
    put('door/2026_11_20/record.d/l-a-1', line(1));
    await mirror.refresh();
    expect(mirrored(mirror, 'door/2026_11_20').text).toBe(line(1));
  });

  it('reads the chosen days only', async () => {
    const { open, put } = await makeMirrorWorld();
    for (const date of ['2026_11_20', '2026_11_21']) put(`yard/${date}/record.d/l-a-1`, line(1));
    const mirror = await open();
    await mirror.refresh((days) => days.slice(-1));
    expect(existsSync(join(mirror.directory, 'yard/2026_11_20/record.jsonl'))).toBe(false);
    expect(mirrored(mirror, 'yard/2026_11_21').text).toBe(line(1));
  });

  it('has the erasures, and reads each once', async () => {
    const { client, open, put, requests } = await makeMirrorWorld();
    put(piece('l-a-1'), line(1));
    const erasure = { camera: 'yard', atMs: receivedAtMs, fromLocalMs: 0, toLocalMs: 1, why: 'me' };
    await addErasure(client, { ...erasure, atMs: receivedAtMs + 1, why: 'later' });
    await addErasure(client, erasure);
    const mirror = await open();
    await mirror.refresh();
    const text = readFileSync(join(mirror.directory, 'yard/erased.jsonl'), 'utf8');
    expect(readErasures(text)).toEqual(await erasuresOf(client, 'yard'));
    expect(readErasures(text)).toHaveLength(2);
    requests();
    await mirror.refresh();
    expect(requests().filter((each) => each.endsWith('.jsonl'))).toEqual([]);
  });
});

describe('the directory of a mirror', () => {
  it('belongs to one process: a second one gets its own', async () => {
    const { open, parent } = await makeMirrorWorld();
    const [first, second] = [await open(), await open()];
    expect(first.directory).toBe(join(parent, bucketId));
    expect(second.directory).toBe(join(parent, `${bucketId}-2`));
    await first.close();
    expect((await open()).directory).toBe(first.directory);
  });

  it('of another bucket is refused', async () => {
    const { open, parent } = await makeMirrorWorld();
    mkdirSync(join(parent, bucketId));
    writeFileSync(join(parent, bucketId, '.picchanged.json'), '{"id":"ff"}\n');
    await expect(open()).rejects.toMatchObject({
      ...{ code: 'STORE', message: expect.stringContaining('of another bucket') as string },
      hint: expect.stringContaining(join(parent, bucketId)) as string,
    });
  });
});

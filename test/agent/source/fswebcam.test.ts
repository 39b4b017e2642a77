/** The real fswebcam where it will do, programs in its place for what it cannot be made to do. */
import { copyFileSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type FswebcamSettings, openFswebcam } from '../../../agent/source/fswebcam.js';
import { systemClock } from '../../../shared/clock.js';
import { findJpegDamage } from '../../../shared/jpeg/splitter.js';
import { InvalidValue } from '../../../shared/cli/units.js';
import { eventually } from '../../support/eventually.js';
import { FakeClock } from '../../support/fake-clock.js';
import { makeJpeg } from '../../support/pictures.js';
import { fixtureProgram } from '../../support/processes.js';
import { temporaryDirectory } from '../../support/temporary.js';

/** An opened source, its folder for shots, and a picture that FILE: can show. */
async function open(changes: Partial<FswebcamSettings> = {}) {
  const directory = temporaryDirectory();
  const picture = join(temporaryDirectory(), 'picture.jpg');
  writeFileSync(picture, makeJpeg(1));
  const source = await openFswebcam({
    device: `FILE:${picture}`,
    resolution: { widthPx: 320, heightPx: 240 },
    skip: 0,
    quality: 85,
    shotTimeoutMs: 60_000,
    program: 'fswebcam',
    directory,
    clock: systemClock,
    ...changes,
  });
  onTestFinished(() => source.close());
  const { signal } = new AbortController();
  return { source, directory, picture, shoot: () => source.next(signal) };
}

describe('a shot by the real fswebcam', () => {
  it('is a whole JPEG of the size asked for, with the time when it was done', async () => {
    const clock = new FakeClock();
    const { source, shoot } = await open({ device: 'TEST:', skip: 3, clock });
    const frame = await shoot();
    expect(frame).toMatchObject({ capturedAtMs: clock.nowMs(), origin: 'TEST:' });
    expect(findJpegDamage(frame.jpeg)).toBeUndefined();
    expect(jpegSize(frame.jpeg)).toEqual({ widthPx: 320, heightPx: 240 });
    expect(source).toMatchObject({ name: 'fswebcam TEST:', isPaced: true });
  });

  it('is the same each time while nothing changes: no time stamp in the picture', async () => {
    const { shoot } = await open();
    const { jpeg } = await shoot();
    expect((await shoot()).jpeg).toEqual(jpeg);
  });

  it('leaves nothing behind', async () => {
    const { directory, source, shoot } = await open();
    await shoot();
    await source.close();
    expect(readdirSync(directory)).toEqual([]);
  });

  it('works in a folder whose name means something to strftime, a shell or node-webcam', async () => {
    const directory = join(temporaryDirectory(), '%Y 100%d $(touch x);');
    mkdirSync(directory);
    const { shoot } = await open({ directory });
    expect(findJpegDamage((await shoot()).jpeg)).toBeUndefined();
    expect(readdirSync(directory)).toEqual([]);
  });

  it('takes a path with colons, letters of any language and percent signs', async () => {
    const { picture, shoot: shootPlain } = await open();
    const odd = join(temporaryDirectory(), 'pci-0:00:14.0 %d jörg'.replaceAll(' ', '_'));
    copyFileSync(picture, odd);
    const { shoot } = await open({ device: `FILE:${odd}` });
    expect((await shoot()).jpeg).toEqual((await shootPlain()).jpeg);
  });
});

describe('a shot that fails', () => {
  it('is a CAMERA error in words of fswebcam, which ends with status 0', async () => {
    const { shoot } = await open({ device: '/dev/no-such-camera' });
    await expect(shoot()).rejects.toMatchObject({
      code: 'CAMERA',
      message:
        'fswebcam took no picture from /dev/no-such-camera (exit status 0); ' +
        'it said: stat: No such file or directory',
      hint: expect.stringContaining('/dev/video') as unknown,
    });
  });

  it('never gives the picture of an earlier one', async () => {
    const { picture, directory, shoot } = await open();
    await shoot();
    rmSync(picture);
    await expect(shoot()).rejects.toMatchObject({ code: 'CAMERA' });
    writeFileSync(picture, makeJpeg(2));
    expect(findJpegDamage((await shoot()).jpeg)).toBeUndefined();
    expect(readdirSync(directory)).toEqual([]);
  });

  it('is told when fswebcam breaks down', async () => {
    const { picture, shoot } = await open();
    writeFileSync(picture, 'no picture');
    await expect(shoot()).rejects.toMatchObject({
      code: 'CAMERA',
      message: expect.stringContaining('Unknown file format') as unknown,
    });
  });

  it('is ended at its time limit: fswebcam reads a directory for ever, and ignores SIGTERM', async () => {
    const { directory, shoot } = await open({ device: 'FILE:/dev', shotTimeoutMs: 300 });
    await expect(shoot()).rejects.toMatchObject({
      code: 'CAMERA',
      message:
        'fswebcam was not done with a shot from FILE:/dev after 300ms (killed by SIGKILL); ' +
        'it said nothing',
    });
    expect(readdirSync(directory)).toEqual([]);
  });

  it('is ended when the signal aborts, and close waits for that', async () => {
    const { directory, source } = await open({ device: 'FILE:/dev' });
    const abort = new AbortController();
    const shot = source.next(abort.signal);
    await eventually(() => readdirSync(directory).length > 0, 'a shot that has begun');
    abort.abort(new Error('enough'));
    const rejected = expect(shot).rejects.toThrow(expect.objectContaining({ message: 'enough' }));
    await source.close();
    expect(readdirSync(directory)).toEqual([]);
    await rejected;
  });

  it('says what to install when there is no fswebcam', async () => {
    const { shoot } = await open({ program: 'no-such-fswebcam' });
    await expect(shoot()).rejects.toMatchObject({
      code: 'CAMERA',
      message: 'there is no program no-such-fswebcam',
      hint: expect.stringContaining('apt-get install fswebcam') as unknown,
    });
  });

  it.each([
    ['says-nothing.sh', 'CAMERA', /took no picture .*\(exit status 0\); it said nothing$/],
    ['half-a-jpeg.sh', 'FRAME', /damaged picture .*: it ends before its end marker/],
    ['crashes.sh', 'CAMERA', /broke down .*\(killed by SIGSEGV\)/],
  ])('is found out though %s left no word', async (name, code, message) => {
    const { directory, shoot } = await open({ program: fixtureProgram(name) });
    await expect(shoot()).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message) as unknown,
    });
    expect(readdirSync(directory)).toEqual([]);
  });
});

describe('openFswebcam', () => {
  it('refuses a folder for shots that it cannot write to', async () => {
    await expect(open({ directory: '/no/such/folder' })).rejects.toMatchObject({ code: 'CAMERA' });
  });

  it('refuses a device that could be more than one word', async () => {
    await expect(open({ device: '/dev/video0 --exec x' })).rejects.toThrow(InvalidValue);
  });
});

/** Width and height as the frame header (SOF0) says. */
function jpegSize(jpeg: Buffer) {
  const at = jpeg.indexOf(Buffer.of(0xff, 0xc0));
  return { widthPx: jpeg.readUInt16BE(at + 7), heightPx: jpeg.readUInt16BE(at + 5) };
}

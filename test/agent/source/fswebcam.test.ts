/** The fswebcam source: with the real fswebcam, and with fixture programs for failures that it cannot reproduce. */
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

/** An open source, its folder for shots, and a picture for FILE:. */
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

describe('fswebcam: a shot', () => {
  it('is a complete JPEG of the requested size, with the time of its end', async () => {
    const clock = new FakeClock();
    const { source, shoot } = await open({ device: 'TEST:', skip: 3, clock });
    const frame = await shoot();
    expect(frame).toMatchObject({ capturedAtMs: clock.nowMs(), origin: 'TEST:' });
    expect(findJpegDamage(frame.jpeg)).toBeUndefined();
    expect(jpegSize(frame.jpeg)).toEqual({ widthPx: 320, heightPx: 240 });
    expect(source).toMatchObject({ name: 'fswebcam TEST:', pace: 'shots' });
  });

  it('is identical while nothing changes: no time stamp in the picture', async () => {
    const { shoot } = await open();
    const { jpeg } = await shoot();
    expect((await shoot()).jpeg).toEqual(jpeg);
  });

  it('leaves no files', async () => {
    const { directory, source, shoot } = await open();
    await shoot();
    await source.close();
    expect(readdirSync(directory)).toEqual([]);
  });

  it('works in a folder whose name is special to strftime, a shell or node-webcam', async () => {
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

describe('fswebcam: a shot that fails', () => {
  it("is a CAMERA error with fswebcam's message, though the exit status is 0", async () => {
    const { shoot } = await open({ device: '/dev/no-such-camera' });
    await expect(shoot()).rejects.toMatchObject({
      code: 'CAMERA',
      message:
        'fswebcam took no picture from /dev/no-such-camera (exit status 0); ' +
        'stderr: stat: No such file or directory',
      hint: expect.stringContaining('/dev/video') as unknown,
    });
  });

  it('never returns the picture of an earlier shot', async () => {
    const { picture, directory, shoot } = await open();
    await shoot();
    rmSync(picture);
    await expect(shoot()).rejects.toMatchObject({ code: 'CAMERA' });
    writeFileSync(picture, makeJpeg(2));
    expect(findJpegDamage((await shoot()).jpeg)).toBeUndefined();
    expect(readdirSync(directory)).toEqual([]);
  });

  it('is reported when fswebcam crashes', async () => {
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
        'fswebcam did not finish a shot from FILE:/dev within 300ms (killed by SIGKILL); ' +
        'stderr is empty',
    });
    expect(readdirSync(directory)).toEqual([]);
  });

  it('is ended when the signal aborts, and close waits for that', async () => {
    const { directory, source } = await open({ device: 'FILE:/dev' });
    const abort = new AbortController();
    const shot = source.next(abort.signal);
    await eventually(() => readdirSync(directory).length > 0, 'the start of a shot');
    abort.abort(new Error('enough'));
    const rejected = expect(shot).rejects.toThrow(expect.objectContaining({ message: 'enough' }));
    await source.close();
    expect(readdirSync(directory)).toEqual([]);
    await rejected;
  });

  it('has a hint with the package when fswebcam is not installed', async () => {
    const { shoot } = await open({ program: 'no-such-fswebcam' });
    await expect(shoot()).rejects.toMatchObject({
      code: 'CAMERA',
      message: 'program no-such-fswebcam not found',
      hint: expect.stringContaining('apt-get install fswebcam') as unknown,
    });
  });

  it.each([
    ['no-output.sh', 'CAMERA', /took no picture .*\(exit status 0\); stderr is empty$/],
    ['half-a-jpeg.sh', 'FRAME', /damaged picture .*: it ends before its end marker/],
    ['crashes.sh', 'CAMERA', /failed on .*\(killed by SIGSEGV\)/],
  ])('is detected without a message: %s', async (name, code, message) => {
    const { directory, shoot } = await open({ program: fixtureProgram(name) });
    await expect(shoot()).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message) as unknown,
    });
    expect(readdirSync(directory)).toEqual([]);
  });
});

describe('openFswebcam', () => {
  it('refuses a folder for shots that is not writable', async () => {
    await expect(open({ directory: '/no/such/folder' })).rejects.toMatchObject({ code: 'CAMERA' });
  });

  it('refuses a device that could become several arguments', async () => {
    await expect(open({ device: '/dev/video0 --exec x' })).rejects.toThrow(InvalidValue);
  });
});

/** Width and height in the frame header (SOF0). */
function jpegSize(jpeg: Buffer) {
  const at = jpeg.indexOf(Buffer.of(0xff, 0xc0));
  return { widthPx: jpeg.readUInt16BE(at + 7), heightPx: jpeg.readUInt16BE(at + 5) };
}

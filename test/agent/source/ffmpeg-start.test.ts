/** What ffmpeg is given, and what of its messages is kept. */
import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cameraAddress } from '../../../agent/source/camera-address.js';
import { cleanOutput, ffmpegStart } from '../../../agent/source/ffmpeg-start.js';
import { videoEncoding } from '../../../agent/source/rtsp-description.js';
import { JpegSplitter } from '../../../shared/jpeg/splitter.js';
import { missing } from '../../support/programs.js';

const why = missing('ffmpeg', 'ffmpeg');

const installed = why === undefined ? spawnSync('ffmpeg', ['-version']).stdout.toString() : '';

const start = async (
  address: string,
  encoding = 'H264',
  intervalMs?: number,
  version = installed,
) =>
  ffmpegStart(await cameraAddress(address, undefined, undefined), {
    ...{ encoding, intervalMs, version },
  });

describe('ffmpegStart', () => {
  it('gives the address on standard input only, over TCP', async () => {
    const { args, input } = await start(`rtsp://admin:it's+1@[::1]:8554/a'b?channel=1`);
    expect(input).toContain(`file 'rtsp://admin:it%27s%2B1@[::1]:8554/a%27b?channel=1'\n`);
    expect(input).toContain('option rtsp_transport tcp\n');
    expect(args.join(' ')).not.toMatch(/admin|:8554|\budp\b/);
  });

  it('gives no word of an address to ffmpeg as a command of the script', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme' }), fc.string(), async (password, path) => {
        const address = `rtsp://u:${encodeURIComponent(password)}@camera/${path}`;
        fc.pre(URL.canParse(address));
        const { input = '' } = await start(address);
        expect(input.split('\n')[1]).toMatch(/^file 'rtsp:\/\/[^'\s]+'$/);
        expect(input.split('\n')).toHaveLength(7);
      }),
    );
  });

  it('copies MJPEG, and selects frames of other encodings for an interval', async () => {
    expect((await start('rtsp://c/', 'JPEG', 1000)).args.join(' ')).toContain('-c:v copy');
    expect((await start('rtsp://c/')).args.join(' ')).toContain('-vf settb=AVTB,setpts=N/25/TB');
    const { args } = await start('rtsp://c/', 'H265', 1000);
    expect(args.join(' ')).toContain('gte(t-prev_selected_t,0.5)');
  });

  it.skipIf(why !== undefined).each([
    [undefined, 100],
    [1000, 10],
    [60_000, 5],
  ])(
    `encodes each frame, or what an interval needs (%s ms)${why ?? ''}`,
    async (intervalMs, count) => {
      const { args } = await start('rtsp://c/', 'H264', intervalMs);
      const output = args.slice(args.indexOf('pipe:0') + 1);
      const input = ['-v', 'error', '-f', 'lavfi', '-i', 'testsrc=s=64x64:r=20:d=5'];
      const { stdout, stderr } = spawnSync('ffmpeg', [...input, ...output]);
      expect(stderr.toString()).toBe('');
      const frames = new JpegSplitter({ maxBytes: 100_000 }).push(stdout);
      expect(frames.map(({ kind }) => kind)).toEqual(Array(count).fill('jpeg'));
    },
  );
});

describe('the option that passes on each frame once', () => {
  it.each([
    ['ffmpeg version 4.4.2-0ubuntu0.22.04.1 Copyright', '-vsync'],
    ['ffmpeg version 5.0.1', '-vsync'],
    ['ffmpeg version 5.1.9-0+deb12u1 Copyright', '-fps_mode'],
    ['ffmpeg version n7.1', '-fps_mode'],
    ['ffmpeg version N-120000-g1234', '-fps_mode'],
  ])('of %s is %s', async (version, option) => {
    const { args } = await start('rtsp://c/', 'H264', undefined, version);
    expect(args[args.indexOf(option) + 1]).toBe('passthrough');
  });
});

describe('cleanOutput', () => {
  it('keeps what is wrong, and no address in memory', () => {
    const text = `[concat @ 0x55b6c4d9ea80] Impossible to open 'rtsp://admin:p%40s@cam/yard'\n`;
    const clean = cleanOutput(text, { user: 'admin', password: 'p@s' });
    expect(clean).toBe(`concat: Impossible to open 'rtsp://…@cam/yard'\n`);
  });

  it('keeps no password in any spelling, and no user as a word', () => {
    const secret = fc.string({ minLength: 1 }).filter((text) => !'…: cannot '.includes(text));
    fc.assert(
      fc.property(secret, secret, fc.string(), (user, password, around) => {
        const spellings = [password, encodeURIComponent(password), btoa(`${user}:${password}`)];
        const text = spellings.join(around);
        const clean = cleanOutput(text, { user, password });
        for (const spelling of spellings) expect(clean).not.toContain(spelling);
      }),
    );
    expect(cleanOutput('user admin, administrator', { user: 'admin', password: 'x9' })).toBe(
      'user …, administrator',
    );
  });
});

describe('videoEncoding', () => {
  it.each([
    ['m=audio 0 RTP/AVP 0\na=rtpmap:96 H264/90000', undefined],
    [
      'v=0\nm=audio 0 RTP/AVP 97\na=rtpmap:97 opus/48000\nm=video 0 RTP/AVP 96\na=rtpmap:96 h265/90000',
      'H265',
    ],
    ['v=0\r\nm=video 0 RTP/AVP 26\r\n', 'JPEG'],
    ['m=video 0 RTP/AVP 98 99\r\na=rtpmap:99 JPEG/90000\r\na=rtpmap:98 MP4V-ES/90000', 'MP4V-ES'],
    ['m=video 0 RTP/AVP 98', 'of unknown encoding'],
  ])('of %j', (description, encoding) => expect(videoEncoding(description)).toBe(encoding));
});

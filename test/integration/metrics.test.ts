/** `--metrics` of the real programs: what a scraper reads, and who may. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AgentPeer } from '../support/agent-peer.js';
import { eventually } from '../support/eventually.js';
import { makeJpeg } from '../support/pictures.js';
import { freePort } from '../support/ports.js';
import { type Running, root, run, start, startReceiverProgram } from '../support/programs.js';
import { checkMetrics, samplesOf, whyNoPromtool } from '../support/promtool.js';
import { temporaryDirectory } from '../support/temporary.js';

const program = `${root}dist/receiver.js`;
const hasPromtool = whyNoPromtool() === undefined;

async function addressOf(running: Running): Promise<string> {
  await running.says('serving metrics');
  return /at=(http:\S+\/metrics)/.exec(running.stderr())?.[1] ?? '';
}

async function read(address: string, token?: string) {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const response = await fetch(address, { headers });
  const text = await response.text();
  if (response.ok && hasPromtool) expect(checkMetrics(text)).toBe('');
  return { status: response.status, samples: samplesOf(response.ok ? text : '') };
}

function tokenFile(text: string): string {
  const path = join(temporaryDirectory(), 'token');
  writeFileSync(path, `${text}\n`, { mode: 0o600 });
  return path;
}

describe('--metrics', () => {
  it('of a receiver counts what it stores, refuses and gets again', async () => {
    const directory = temporaryDirectory();
    const receiver = await startReceiverProgram(directory, ['--metrics', '0']);
    const address = await addressOf(receiver);
    expect(address).toContain('http://127.0.0.1:');
    const first = await read(address);
    expect(first.samples.get('picchanged_captures_readable')).toBe(1);
    const peer = new AgentPeer(receiver.port);
    peer.hello();
    await peer.answer('welcome');
    const jpeg = makeJpeg(1);
    peer.frame(1, jpeg);
    peer.frame(1, jpeg);
    peer.frame(2, makeJpeg(2), { sha256: '0'.repeat(64) });
    peer.report(3, { waiting: 5 });
    await peer.answer('stored', 3);
    await peer.answer('refused');
    peer.socket.destroy();
    const { samples } = await read(address);
    expect(samples.get('picchanged_frames_total{camera="yard"}')).toBe(1);
    expect(samples.get('picchanged_frame_bytes_total{camera="yard"}')).toBe(jpeg.length);
    expect(samples.get('picchanged_camera_spool_frames{camera="yard"}')).toBe(5);
    expect(samples.get('picchanged_stored_frames')).toBe(1);
    expect(await receiver.stop()).toBe(0);
    // What a receiver has refused is saved at its end at the latest, for whom serves the metrics.
    const notify = start(process.execPath, [
      ...[program, 'notify', '--dir', directory, '--state', temporaryDirectory()],
      ...['--metrics', '0'],
    ]);
    const later = await read(await addressOf(notify));
    expect(later.samples.get('picchanged_refused_frames_total{reason="hash"}')).toBe(1);
    expect(later.samples.get('picchanged_duplicate_frames_total')).toBe(1);
    expect(later.samples.get('picchanged_frames_total{camera="yard"}')).toBe(0);
    expect(await notify.stop()).toBe(0);
  });

  it('of the viewer is at its port, for whom has the token', async () => {
    const token = 'c0ffee'.repeat(8);
    const directory = temporaryDirectory();
    const options = ['--web', '0', '--metrics-token-file', tokenFile(token)];
    const receiver = await startReceiverProgram(directory, options);
    const { viewers } = JSON.parse(receiver.stdout().split('\n')[0] ?? '') as {
      viewers: string[];
    };
    const address = `${viewers[0]}metrics`;
    expect((await read(address)).status).toBe(401);
    expect((await read(address, `${token}x`)).status).toBe(401);
    const { status, samples } = await read(address, token);
    expect(status).toBe(200);
    expect(samples.get('picchanged_captures_readable')).toBe(1);
    // The token opens nothing else, and neither is there without one.
    const open = await startReceiverProgram(temporaryDirectory(), ['--web', '0']);
    const line = JSON.parse(open.stdout().split('\n')[0] ?? '') as {
      viewers: string[];
    };
    expect((await read(`${line.viewers[0]}metrics`, token)).status).toBe(404);
  });

  it('does not start where others could read them, or with a token that is none', async () => {
    const directory = temporaryDirectory();
    const base = [program, '--dir', directory, '--listen', '127.0.0.1:0', '--metrics'];
    const open = await run(process.execPath, [...base, '0.0.0.0:0']);
    expect(open).toMatchObject({ code: 2 });
    expect(open.stderr).toContain('--metrics 0.0.0.0:0 needs a token: other machines reach it');
    const short = await run(process.execPath, [
      ...[...base, '0', '--metrics-token-file', tokenFile('short')],
    ]);
    expect(short).toMatchObject({ code: 2 });
    expect(short.stderr).toContain('must have 16 or more letters');
  });

  it.skipIf(!hasPromtool)(
    'is scraped by a real Prometheus',
    async () => {
      const token = 'c0ffee'.repeat(8);
      const file = tokenFile(token);
      const receiver = await startReceiverProgram(temporaryDirectory(), [
        ...['--metrics', '0', '--metrics-token-file', file],
      ]);
      const { host } = new URL(await addressOf(receiver));
      const config = {
        global: { scrape_interval: '1s', evaluation_interval: '1s' },
        rule_files: [`${root}docs/metrics/rules.yml`],
        scrape_configs: [
          {
            job_name: 'picchanged',
            authorization: { credentials_file: file },
            static_configs: [{ targets: [host] }],
          },
        ],
      };
      const directory = temporaryDirectory();
      const path = join(directory, 'prometheus.yml');
      writeFileSync(path, JSON.stringify(config));
      const web = `127.0.0.1:${await freePort()}`;
      const prometheus = start('prometheus', [
        ...[`--config.file=${path}`, `--storage.tsdb.path=${directory}/data`],
        `--web.listen-address=${web}`,
      ]);
      const ask = (query: string) =>
        spawnSync('promtool', ['query', 'instant', `http://${web}`, query], { encoding: 'utf8' })
          .stdout;
      await eventually(() => ask('picchanged_captures_readable').includes('=> 1 @'), 'a sample');
      expect(ask('up{job="picchanged"}')).toContain('=> 1 @');
      expect(await prometheus.stop()).toBe(0);
    },
    300_000,
  );
});

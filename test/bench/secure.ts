/**
 * What TLS costs the receiver, beside clear text: CPU time a connection and a frame, in one run, rounds
 * interleaved. `npm run bench -- secure [--rounds N]`
 */
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type Socket, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectSecurely } from 'node:tls';
import { parseArgs } from 'node:util';
import { maxHeaderBytes, preface } from '../../shared/protocol/protocol-limits.js';
import { readReceiverMessage } from '../../shared/protocol/messages.js';
import { MessageDecoder, encodeMessage } from '../../shared/protocol/wire.js';
import { tlsSettings } from '../../shared/keys/tls-settings.js';
import { makeJpeg } from '../support/pictures.js';

const connections = 200;
const frames = 200;
const inFlight = 8;
/** proc(5): clock ticks a second, the same on every Linux that Node runs on. */
const ticksPerSecond = 100;
const key = randomBytes(32);
const jpeg = makeJpeg(1, { widthPx: 640, heightPx: 368 });
const sha256 = createHash('sha256').update(jpeg).digest('hex');

function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  const [userTicks = 0, systemTicks = 0] = [fields[11], fields[12]].map(Number);
  return ((userTicks + systemTicks) * 1000) / ticksPerSecond;
}

async function open(port: number, isSecure: boolean): Promise<Socket> {
  const plain = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(plain, 'connect');
  if (!isSecure) return plain;
  const pskCallback = () => ({ identity: 'secure.k1', psk: key });
  const socket = connectSecurely({ ...tlsSettings, socket: plain, pskCallback });
  await once(socket, 'secureConnect');
  return socket;
}

/** Until the receiver has said its preface: by then it has done all that a connection costs. */
async function greet(port: number, isSecure: boolean): Promise<void> {
  const socket = await open(port, isSecure);
  socket.write(preface);
  await once(socket, 'data');
  socket.destroy();
}

let sequence = 0;

async function deliver(port: number, isSecure: boolean): Promise<void> {
  const socket = await open(port, isSecure);
  const say = (header: object, body?: Buffer): void => {
    for (const part of encodeMessage(header, body)) socket.write(part);
  };
  const send = (): void => {
    sequence += 1;
    const moment = { capturedAtMs: Date.UTC(2026, 10, 22) + sequence, utcOffsetMinutes: 0 };
    const verdict = { reason: 'all', ratio: 0, boxes: [] };
    say({ type: 'frame', sequence, ...moment, sha256, verdict }, jpeg);
  };
  socket.write(preface);
  const camera = isSecure ? 'secure' : 'clear';
  say({ type: 'hello', camera, epoch: '0123456789abcdef', agent: 'bench' });
  const decoder = new MessageDecoder({ maxHeaderBytes, maxBodyBytes: 0 });
  let skip = preface.length;
  let sent = 0;
  let stored = 0;
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    const skipped = Math.min(skip, chunk.length);
    skip -= skipped;
    for (const { header } of decoder.push(chunk.subarray(skipped))) {
      const message = readReceiverMessage(header);
      if (message?.type === 'refused' || message?.type === 'bye') throw new Error(message.message);
      if (message?.type === 'stored') stored += 1;
      while (sent < frames && sent - stored < inFlight) {
        send();
        sent += 1;
      }
    }
    if (stored === frames) break;
  }
  socket.destroy();
}

const median = (values: number[]): number =>
  values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '7' } } });
const rounds = Number(values.rounds);
const directory = mkdtempSync(join(tmpdir(), 'picchanged-bench-'));
const credentials = join(directory, 'credentials');
mkdirSync(credentials);
const fleet = `secure.k1 ${key.toString('hex')}\n`;
writeFileSync(join(credentials, 'picchanged-keys'), fleet, { mode: 0o600 });
const receiver = spawn(
  process.execPath,
  [
    ...['dist/receiver.js', '--dir', join(directory, 'c'), '--keys', join(directory, 'keys')],
    ...['--listen', '127.0.0.1:0', '--json', '--open'],
  ],
  {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { PATH: process.env.PATH, CREDENTIALS_DIRECTORY: credentials },
  },
);
try {
  const [line] = (await once(receiver.stdout, 'data')) as [Buffer];
  receiver.stdout.resume();
  const [address = ''] = (JSON.parse(line.toString()) as { addresses: string[] }).addresses;
  const port = Number(address.split(':').at(-1));
  const cases = [false, true].flatMap((isSecure) => [
    {
      name: `a connection, ${isSecure ? 'TLS' : 'clear'}`,
      count: connections,
      work: async () => {
        for (let at = 0; at < connections; at += 1) await greet(port, isSecure);
      },
    },
    {
      name: `a frame of ${Math.round(jpeg.length / 1000)} kB, ${isSecure ? 'TLS' : 'clear'}`,
      count: frames,
      work: () => deliver(port, isSecure),
    },
  ]);
  const costs = new Map<string, { cpu: number[]; wall: number[] }>();
  // The first round warms up and does not count.
  for (let round = 0; round <= rounds; round += 1) {
    for (const { name, count, work } of cases) {
      const [cpuBefore, wallBefore] = [cpuMs(receiver.pid ?? 0), performance.now()];
      await work();
      if (round === 0) continue;
      const cost = costs.get(name) ?? { cpu: [], wall: [] };
      cost.cpu.push((cpuMs(receiver.pid ?? 0) - cpuBefore) / count);
      cost.wall.push((performance.now() - wallBefore) / count);
      costs.set(name, cost);
    }
  }
  for (const [name, { cpu, wall }] of costs) {
    const [cpuShown, wallShown] = [median(cpu), median(wall)].map((ms) =>
      ms.toFixed(2).padStart(6),
    );
    console.log(`${name.padEnd(28)} receiver's cpu ${cpuShown} ms  wall ${wallShown} ms`);
  }
} finally {
  receiver.kill();
  rmSync(directory, { recursive: true, force: true });
}

// npm start: runs a receiver with its viewer and an agent on the demo scene, and prints the frames that arrive. A made-up
// yesterday is written beside them, so that the viewer's time line has something to show.
// npm start -- --for 20s ends after 20 s.
import { spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { prepare } from './prepare.mjs';
import { bundle } from './typescript.mjs';

function readForMs() {
  const usage = 'npm start -- [--for 20s]';
  try {
    const text = parseArgs({ options: { for: { type: 'string' } } }).values.for;
    if (text === undefined) return undefined;
    const match = /^(\d+)(s|m|h)$/.exec(text);
    if (match) return Number(match[1]) * { s: 1e3, m: 60e3, h: 3600e3 }[match[2]];
  } catch {
    // An unknown flag: the usage lists the flags.
  }
  console.error(usage);
  process.exit(2);
}

/** Starts a built program; its log lines go to this stderr. */
function startProgram(name, args) {
  const child = spawn(process.execPath, [`dist/${name}.js`, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    // Ctrl-C reaches this process only: it ends the agent first, so that the receiver stores its last frames.
    detached: true,
  });
  return {
    child,
    events: createInterface({ input: child.stdout }),
    ended: new Promise((resolve) => child.on('close', (code, signal) => resolve(code ?? signal))),
  };
}

const forMs = readForMs();
prepare();

const directory = mkdtempSync(join(tmpdir(), 'picchanged-'));
const captures = join(directory, 'captures');
const counts = { seen: 0, stored: 0 };
const receiver = startProgram('receiver', [
  ...['--dir', captures, '--listen', '127.0.0.1:0', '--web', '127.0.0.1:0', '--json'],
]);
let agent;
let yesterday;

receiver.events.on('line', (line) => {
  const event = JSON.parse(line);
  if (event.event === 'listening') {
    console.log(`See them in a browser: ${event.viewers[0]}`);
    startAgent(event.addresses[0]);
    void writeYesterday();
  } else if (event.event === 'stored') {
    counts.stored += 1;
    const size = `${Math.round(event.byteCount / 1000)} kB`;
    console.log(`${String(counts.stored).padStart(4)}  ${event.name}  ${size}`);
  }
});

async function writeYesterday() {
  const program = await bundle('test/support/made-store/write-yesterday.ts');
  if (stopping) return;
  const args = [program, captures, 'yard'];
  yesterday = spawn(process.execPath, args, { stdio: 'inherit', detached: true });
}

function startAgent(address) {
  console.log(`Frames that changed appear in ${captures}/yard. Ctrl-C ends.`);
  const state = join(directory, 'state');
  const watched = ['--source', 'scene', '--camera', 'yard', '--interval', '500ms'];
  agent = startProgram('agent', ['--host', address, '--state', state, '--json', ...watched]);
  agent.events.on('line', () => (counts.seen += 1));
  agent.ended.then(stop);
}

let stopping;
function stop() {
  stopping ??= (async () => {
    yesterday?.kill('SIGTERM');
    agent?.child.kill('SIGTERM');
    const agentStatus = await agent?.ended;
    receiver.child.kill('SIGTERM');
    const receiverStatus = await receiver.ended;
    console.log(
      `Checked ${counts.seen} frames; stored the ${counts.stored} that changed in ${captures}`,
    );
    process.exitCode = agentStatus === 0 && receiverStatus === 0 ? 0 : 1;
    clearTimeout(timer);
  })();
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, stop);
receiver.ended.then(stop);
const timer = forMs === undefined ? undefined : setTimeout(stop, forMs);

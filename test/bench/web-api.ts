/**
 * What the viewer's server costs: answers and memory with a day of 100,000 frames, and with 1,000,000 frames in 30 days.
 * Arguments: a folder for the stores.
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { createInterface } from 'node:readline';
import { lastDayMs, makeStore } from './web/stores.js';

const [parent = tmpdir()] = process.argv.slice(2);
const dayMs = 86_400_000;

async function measure(name: string, directory: string): Promise<Map<string, number>> {
  const arguments_ = ['dist/receiver.js', 'web', '--dir', directory, '--web', '0', '--json'];
  const child = spawn(process.execPath, arguments_, { stdio: ['ignore', 'pipe', 'inherit'] });
  const times = new Map<string, number>();
  try {
    const [line = ''] = await new Promise<string[]>((resolve) => {
      createInterface({ input: child.stdout }).once('line', (text) => resolve([text]));
    });
    const [address = ''] = (JSON.parse(line) as { viewers: string[] }).viewers;
    const ask = async (title: string, path: string): Promise<unknown> => {
      const start = performance.now();
      const response = await fetch(`${address}api/v1/${path}`);
      const bytes = await response.arrayBuffer();
      const ms = performance.now() - start;
      times.set(title, ms);
      console.log(
        `  ${title.padEnd(44)} ${ms.toFixed(1).padStart(8)} ms ${String(bytes.byteLength).padStart(9)} B`,
      );
      return JSON.parse(Buffer.from(bytes).toString('utf8'));
    };
    console.log(name);
    const day = `from=${lastDayMs}&to=${lastDayMs + dayMs}`;
    await ask('cameras, first request', 'cameras');
    await ask('cameras', 'cameras');
    await ask('days of a month, first request', 'days?camera=yard&from=2026-10-27&to=2026-11-26');
    await ask('days of a month', 'days?camera=yard&from=2026-10-27&to=2026-11-26');
    await ask('time line of a day, minutes', `timeline?camera=yard&${day}&step=60000`);
    await ask(
      'time line of a month, hours',
      `timeline?camera=yard&from=${lastDayMs - 29 * dayMs}&to=${lastDayMs + dayMs}&step=3600000`,
    );
    await ask(
      'time line of a minute, 100 ms',
      `timeline?camera=yard&from=${lastDayMs + 1e7}&to=${lastDayMs + 1e7 + 60_000}&step=100`,
    );
    await ask('events of a day', `events?camera=yard&${day}&limit=500`);
    await ask(
      '100 frames at 03:00',
      `frames?camera=yard&at=${lastDayMs + 3 * 3_600_000}&limit=100`,
    );
    await ask('500 frames', `frames?camera=yard&after=${lastDayMs}&limit=500`);
    for (const field of ['VmHWM', 'VmRSS']) {
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
      const mb = Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / 1024;
      times.set(field, mb);
      console.log(`  ${field === 'VmHWM' ? 'peak memory' : 'memory'} ${mb.toFixed(0)} MB`);
    }
    return times;
  } finally {
    child.kill();
  }
}

const start = performance.now();
const large = makeStore(parent, 1, 100_000);
console.log(`made 100,000 frames in ${((performance.now() - start) / 1000).toFixed(1)} s`);
const one = await measure('a day of 100,000 frames', large);
const many = await measure('1,000,000 frames in 30 days', makeStore(parent, 30, 33_334));
console.log('1,000,000 ÷ 100,000:');
for (const [title, ms] of one)
  console.log(`  ${title.padEnd(44)} ${((many.get(title) ?? 0) / ms).toFixed(2)}`);

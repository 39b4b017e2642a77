/** A day of a camera, and what a viewer of the built program answers about it: of a directory and of a bucket the same. */
import { AgentPeer } from './agent-peer.js';
import { makeJpeg } from './pictures.js';
import { root, start } from './programs.js';

export const hourMs = 3_600_000;
export const midnightMs = Date.UTC(2026, 10, 22);

/** Frames of an event, a report, and a gap. */
export async function sendDay(port: number): Promise<void> {
  const agent = new AgentPeer(port);
  agent.hello();
  await agent.answer('welcome');
  const toMs = midnightMs + 9 * hourMs;
  const verdict = { reason: 'change', ratio: 0.1, boxes: [], event: 'e1', changed: true };
  for (const sequence of [1, 2, 3]) {
    const capturedAtMs = toMs - 60_000 + sequence * 1000;
    agent.frame(sequence, makeJpeg(sequence), { capturedAtMs, verdict });
  }
  agent.report(4, { fromMs: toMs - hourMs, toMs, changed: 3 });
  agent.dropped(6, { sequences: [[5, 5]], count: 1 });
  for (let nth = 1; nth <= 5; nth += 1) await agent.answer('stored', nth);
}

/** Parses JSON, without what differs between a store and its copy, and from moment to moment. */
export function withoutMoments(text: string): unknown {
  const moments = [
    'dir',
    'now',
    'nowMs',
    'lastArrival',
    'lastArrivalMs',
    'silentSince',
    'silentSinceMs',
  ];
  return JSON.parse(text, (key, value: unknown) => (moments.includes(key) ? undefined : value));
}

/** What the API of a viewer says about that day. */
export async function answersOf(address: string) {
  const api = (path: string) => fetch(`${address}api/v1/${path}`);
  const json = async (path: string): Promise<unknown> =>
    withoutMoments(await (await api(path)).text());
  const stretch = `camera=yard&from=${midnightMs}&to=${midnightMs + 24 * hourMs}`;
  const frames = (await json(`frames?camera=yard&after=0&limit=10`)) as {
    frames: { url: string; name: string }[];
  };
  const bytes: Buffer[] = [];
  for (const { url } of frames.frames) {
    bytes.push(Buffer.from(await (await api(url)).arrayBuffer()));
  }
  const strip = await api(`strip?camera=yard&from=${midnightMs + 8.9 * hourMs}&step=10000`);
  return {
    frames,
    bytes,
    strip: Buffer.from(await strip.arrayBuffer()),
    others: [
      await json('cameras'),
      await json(`days?camera=yard&from=2026-11-20&to=2026-11-23`),
      await json(`timeline?${stretch}&step=60000`),
      await json(`events?${stretch}`),
    ],
  };
}

export async function startViewer(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
) {
  const line = [`${root}dist/receiver.js`, 'web', '--web', '127.0.0.1:0', '--json', ...args];
  const viewer = start(process.execPath, line, { env });
  await viewer.says('"listening"');
  const { viewers } = JSON.parse(viewer.stdout()) as { viewers: string[] };
  return { ...viewer, address: viewers[0] ?? '' };
}

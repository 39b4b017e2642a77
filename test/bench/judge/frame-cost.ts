/**
 * What it costs a process that stays to tell whether a frame changed, reading the file apart. Runs as a process
 * of its own, so that its memory is its own, and prints a line of JSON.
 */
import { readFileSync } from 'node:fs';
import pixelmatch from 'pixelmatch';
import { decodeSmall } from '../../../agent/detect/decode.js';
import { Trial } from '../../../agent/replay/trial.js';
import { replayProgram } from '../../../agent/replay/replay-options.js';
import { settingsOf } from '../../../agent/replay/replay-settings.js';
import { readCommandLine } from '../../../shared/cli/option-table.js';
import { median } from '../quality/score.js';

export interface FrameCost {
  readonly decodeMs: number;
  readonly judgeMs: number;
  readonly peakMiB: number;
}

/** A round over all frames before what counts: the compiler has seen the code. */
const warmUpRounds = 1;

export async function measureFrameCost(
  method: string,
  paths: readonly string[],
  rounds: number,
): Promise<void> {
  const look = method === 'ours' ? lookAsAgent() : await lookWhole();
  const costs: FrameCost[] = [];
  for (let round = 0; round < warmUpRounds + rounds; round += 1) {
    const sums = { decodeMs: 0, judgeMs: 0 };
    for (const path of paths) {
      const { decodeMs, judgeMs } = look(readFileSync(path));
      sums.decodeMs += decodeMs;
      sums.judgeMs += judgeMs;
    }
    const peakMiB = process.resourceUsage().maxRSS / 1024;
    const { decodeMs, judgeMs } = sums;
    const count = paths.length;
    costs.push({ decodeMs: decodeMs / count, judgeMs: judgeMs / count, peakMiB });
  }
  const counted = costs.slice(warmUpRounds);
  const result: FrameCost = {
    decodeMs: median(counted.map((each) => each.decodeMs)) ?? Number.NaN,
    judgeMs: median(counted.map((each) => each.judgeMs)) ?? Number.NaN,
    peakMiB: Math.max(...costs.map((each) => each.peakMiB)),
  };
  console.log(JSON.stringify(result));
}

type Look = (jpeg: Buffer) => { readonly decodeMs: number; readonly judgeMs: number };

function lookAsAgent(): Look {
  const settings = settingsOf(readCommandLine(replayProgram, [], {}).options);
  const trial = new Trial({ ...settings, mask: undefined });
  let capturedAtMs = 0;
  return (jpeg) => {
    capturedAtMs += 100;
    const fromMs = cpuMs();
    const picture = decodeSmall(jpeg);
    const decodedMs = cpuMs();
    trial.take({ name: '', capturedAtMs, ms: 0 }, picture, jpeg.length);
    trial.decided();
    return { decodeMs: decodedMs - fromMs, judgeMs: cpuMs() - decodedMs };
  };
}

/** All of the picture, against the last one that differed. */
async function lookWhole(): Promise<Look> {
  // Not in our process, whose memory is measured.
  const { default: jpegJs } = await import('jpeg-js');
  let reference: Uint8Array | undefined;
  return (jpeg) => {
    const fromMs = cpuMs();
    const { width, height, data } = jpegJs.decode(jpeg, { useTArray: true });
    const decodedMs = cpuMs();
    const differing = reference
      ? pixelmatch(reference, data, undefined, width, height, { threshold: 0.1 })
      : 0;
    if (reference === undefined || differing > 0.005 * width * height) reference = data;
    return { decodeMs: decodedMs - fromMs, judgeMs: cpuMs() - decodedMs };
  };
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

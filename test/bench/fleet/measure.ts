/** One setup of receivers under the load of so many cameras. */
import { type CameraKey } from '../../../shared/keys/identity.js';
import { FleetReceiver } from '../../fleet/fleet-receiver.js';
import { startHaproxy } from '../../support/haproxy.js';
import { freePort } from '../../support/ports.js';
import { Cameras } from './cameras.js';
import { cpuMs, median, peakMib, quantile, sumOf } from './usage.js';

export interface Setup {
  /** Two are behind HAProxy. */
  readonly receiverCount: 1 | 2;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly isSecure: boolean;
}

export interface Load {
  readonly rounds: number;
  /** Of all cameras together, in a round, as fast as they go. */
  readonly frames: number;
  /** The same at a pace. */
  readonly pacedFrames: number;
  /** The pace, of all cameras together. */
  readonly perSecond: number;
}

/** Of a round at a pace. CPU in milliseconds a frame. */
interface Paced {
  readonly cpu: number;
  /** 0: there is no HAProxy. */
  readonly haproxyCpu: number;
  /** Milliseconds to the acknowledgement. */
  readonly p50: number;
  readonly p99: number;
}

/** Medians of the rounds, unless it is said. CPU of the receivers together in milliseconds a frame. */
export interface Figures {
  /** As fast as they go. */
  readonly cpu: number;
  /** As fast as they go, the first frames after a start. Of one round. */
  readonly firstCpu: number;
  /** At the pace, and so the next ones. */
  readonly pacedCpu: number;
  readonly haproxyCpu: number;
  readonly p50: number;
  readonly p99: number;
  /** The receivers together. Of one round. */
  readonly mib: number;
  /** Of the first frames after a start, as fast as they go. Of one round. */
  readonly perSecond: number;
  /** Killed and started again: until each camera has delivered one more frame, seconds. */
  readonly againSeconds: number;
  /** What the receivers spent on that, milliseconds a camera, without their start. */
  readonly againCpu: number;
}

/** Above it the receivers are restarted in one round only: handshakes are limited to 50 a second. */
const camerasOfQuickRestarts = 300;
const limits = ['--max-connections', '2000', '--max-connections-per-address', '2000'];
const firstFrames = 1000;
/** Until V8 has compiled what runs often. */
const warmUpFrames = 1000;

export async function measure(
  { receiverCount, args, env, isSecure }: Setup,
  keys: readonly CameraKey[],
  load: Load,
): Promise<Figures> {
  const receivers: FleetReceiver[] = [];
  for (let at = 0; at < receiverCount; at += 1) {
    const port = await freePort();
    receivers.push(new FleetReceiver({ port, args: [...args, ...limits], env }));
  }
  const ports = receivers.map((each) => each.port);
  const [ownPort = 0] = ports;
  const port = receiverCount === 1 ? ownPort : await freePort();
  const haproxy = receiverCount === 1 ? undefined : await startHaproxy(new Map([[port, ports]]));
  const usedMs = (): number => sumOf(receivers.map(({ pid }) => cpuMs(pid)));
  const haproxyMs = (): number => (haproxy === undefined ? 0 : cpuMs(haproxy.pid));
  let cameras: Cameras | undefined;
  try {
    for (const receiver of receivers) await receiver.start();
    cameras = await Cameras.start(port, keys, isSecure);
    await cameras.deliverOneEach();
    const [firstCpuMs, firstMs] = [usedMs(), performance.now()];
    await cameras.deliver(firstFrames);
    const firstCpu = (usedMs() - firstCpuMs) / firstFrames;
    const perSecond = (firstFrames / (performance.now() - firstMs)) * 1000;
    await cameras.deliver(warmUpFrames);
    const runs: { readonly atFullSpeed: number; readonly atPace: Paced }[] = [];
    for (let round = 0; round < load.rounds; round += 1) {
      const fullCpuMs = usedMs();
      await cameras.deliver(load.frames);
      const atFullSpeed = (usedMs() - fullCpuMs) / load.frames;
      const [paceCpuMs, paceHaproxyMs] = [usedMs(), haproxyMs()];
      const times = await cameras.deliverAtPace(load.pacedFrames, load.perSecond);
      const cpu = (usedMs() - paceCpuMs) / times.length;
      const haproxyCpu = (haproxyMs() - paceHaproxyMs) / times.length;
      const latencies = { p50: quantile(times, 0.5), p99: quantile(times, 0.99) };
      runs.push({ atFullSpeed, atPace: { cpu, haproxyCpu, ...latencies } });
    }
    const ofPace = (key: keyof Paced): number => median(runs.map(({ atPace }) => atPace[key]));
    const mib = sumOf(receivers.map(({ pid }) => peakMib(pid)));
    const restarts = keys.length > camerasOfQuickRestarts ? 1 : load.rounds;
    const agains: { readonly seconds: number; readonly cpu: number }[] = [];
    for (let round = 0; round < restarts; round += 1) {
      for (const receiver of receivers) await receiver.kill();
      for (const receiver of receivers) await receiver.start();
      const [againCpuMs, againMs] = [usedMs(), performance.now()];
      await cameras.deliverOneEach();
      const seconds = (performance.now() - againMs) / 1000;
      agains.push({ seconds, cpu: (usedMs() - againCpuMs) / keys.length });
    }
    return {
      ...{ firstCpu, perSecond, mib, cpu: median(runs.map((each) => each.atFullSpeed)) },
      ...{ pacedCpu: ofPace('cpu'), haproxyCpu: ofPace('haproxyCpu') },
      ...{ p50: ofPace('p50'), p99: ofPace('p99') },
      againSeconds: median(agains.map((each) => each.seconds)),
      againCpu: median(agains.map((each) => each.cpu)),
    };
  } finally {
    await cameras?.stop();
    for (const receiver of receivers) await receiver.kill();
    await haproxy?.stop();
  }
}

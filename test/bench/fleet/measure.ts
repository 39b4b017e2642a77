/** One setup of receivers under the load of so many cameras. */
import { type CameraKey } from '../../../shared/keys/identity.js';
import { FleetReceiver } from '../../fleet/fleet-receiver.js';
import { startHaproxy } from '../../support/haproxy.js';
import { freePort } from '../../support/ports.js';
import { Cameras } from './cameras.js';
import { cpuMs, peakMib, quantile, sumOf } from './usage.js';

export interface Setup {
  /** Two are behind HAProxy. */
  readonly receiverCount: 1 | 2;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly isSecure: boolean;
}

export interface Figures {
  /** Of the receivers, milliseconds a frame. */
  readonly cpu: number;
  /** Of HAProxy, the same; 0: there is none. */
  readonly haproxyCpu: number;
  readonly p50: number;
  readonly p99: number;
  /** The receivers together. */
  readonly mib: number;
  readonly perSecond: number;
  /** Killed and started again: until each camera has delivered one more frame, seconds. */
  readonly againSeconds: number;
  /** What the receivers spent on that, milliseconds a camera, without their start. */
  readonly againCpu: number;
}

const limits = ['--max-connections', '2000', '--max-connections-per-address', '2000'];

/** @param count frames of each camera */
export async function measure(
  { receiverCount, args, env, isSecure }: Setup,
  keys: readonly CameraKey[],
  count: number,
): Promise<Figures> {
  const receivers: FleetReceiver[] = [];
  for (let at = 0; at < receiverCount; at += 1) {
    const port = await freePort();
    receivers.push(new FleetReceiver({ port, args: [...args, ...limits], env }));
  }
  const usedMs = (): number => sumOf(receivers.map(({ pid }) => cpuMs(pid)));
  const ports = receivers.map((each) => each.port);
  const [ownPort = 0] = ports;
  const port = receiverCount === 1 ? ownPort : await freePort();
  const haproxy = receiverCount === 1 ? undefined : await startHaproxy(new Map([[port, ports]]));
  let cameras: Cameras | undefined;
  try {
    for (const receiver of receivers) await receiver.start();
    cameras = await Cameras.start(port, keys, isSecure);
    await cameras.deliver(1);
    const haproxyMs = (): number => (haproxy === undefined ? 0 : cpuMs(haproxy.pid));
    const [startCpuMs, startHaproxyMs, startMs] = [usedMs(), haproxyMs(), performance.now()];
    const times = await cameras.deliver(count);
    const cpu = (usedMs() - startCpuMs) / times.length;
    const haproxyCpu = (haproxyMs() - startHaproxyMs) / times.length;
    const perSecond = (times.length / (performance.now() - startMs)) * 1000;
    const mib = sumOf(receivers.map(({ pid }) => peakMib(pid)));
    for (const receiver of receivers) await receiver.kill();
    for (const receiver of receivers) await receiver.start();
    const [againCpuMs, againMs] = [usedMs(), performance.now()];
    await cameras.deliver(1);
    const againSeconds = (performance.now() - againMs) / 1000;
    const againCpu = (usedMs() - againCpuMs) / keys.length;
    const latencies = { p50: quantile(times, 0.5), p99: quantile(times, 0.99) };
    return { cpu, haproxyCpu, ...latencies, mib, perSecond, againSeconds, againCpu };
  } finally {
    await cameras?.stop();
    for (const receiver of receivers) await receiver.kill();
    await haproxy?.stop();
  }
}

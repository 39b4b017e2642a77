/**
 * Sockets that this process inherits: those that systemd passes from fd 3 on (sd_listen_fds(3)) and a connection on
 * standard input (`StandardInput=socket`, inetd).
 */
import { fstatSync } from 'node:fs';
import { Socket } from 'node:net';

export interface PassedSocket {
  readonly fd: number;
  /** From `FileDescriptorName=`; `unknown` when the service manager sets none. */
  readonly name: string;
}

const firstPassedFd = 3;

/**
 * The sockets that are passed to this process. `$LISTEN_PID` names the process, since children inherit the variables
 * (under `npm start`, for example). Pure.
 */
export function passedSockets(
  env: Readonly<Record<string, string | undefined>>,
  pid: number,
): PassedSocket[] {
  if (env.LISTEN_PID !== String(pid)) return [];
  const count = /^\d{1,4}$/.test(env.LISTEN_FDS ?? '') ? Number(env.LISTEN_FDS) : 0;
  const names = (env.LISTEN_FDNAMES ?? '').split(':');
  return Array.from({ length: count }, (_, index) => ({
    fd: firstPassedFd + index,
    name: names[index] || 'unknown',
  }));
}

/**
 * The TCP connection behind a file descriptor, or undefined for anything else: a terminal, a file, a pipe, a listening
 * socket.
 */
export function connectionOn(fd: number): Socket | undefined {
  try {
    if (!fstatSync(fd).isSocket()) return undefined;
  } catch {
    return undefined; // closed: `<&-`
  }
  // Probes without reading: a byte read from another program's socket would be lost to it.
  const probe = new Socket({ fd, readable: false, writable: false });
  if (probe.remoteAddress === undefined) return undefined;
  return new Socket({ fd, readable: true, writable: true, allowHalfOpen: true });
}

/** A real HAProxy on loopback, in TCP mode: it spreads connections over servers that answer its check. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { eventually } from './eventually.js';
import { missing } from './programs.js';
import { memoryBase } from './temporary.js';

/** Why there is no HAProxy here, as the reason of skipped tests; undefined: there is. */
export const whyNoHaproxy = (): string | undefined => missing('haproxy', 'haproxy');

/** The port of a server; or of a receiver that takes PROXY v2, with the port of its health answer. */
export type BalancedServer = number | { readonly port: number; readonly healthPort: number };

export interface Haproxy {
  readonly pid: number;
  /** Ends it as kill -9 does. */
  kill(): Promise<void>;
  start(): Promise<void>;
  /** Ends it, and removes its files. */
  stop(): Promise<void>;
}

/** @param services by the port that it listens on, its servers */
export async function startHaproxy(
  services: ReadonlyMap<number, readonly BalancedServer[]>,
): Promise<Haproxy> {
  const directory = mkdtempSync(join(memoryBase, 'picchanged-haproxy-'));
  const settings = join(directory, 'haproxy.cfg');
  writeFileSync(settings, settingsOf(services));
  let running: ChildProcess | undefined;
  const haproxy: Haproxy = {
    get pid() {
      return running?.pid ?? 0;
    },
    async kill() {
      if (running === undefined || running.exitCode !== null || running.signalCode !== null) return;
      const ended = once(running, 'exit');
      running.kill('SIGKILL');
      await ended;
    },
    async start() {
      // It ends with the tests, also when they are killed.
      const line = ['--pdeathsig', 'KILL', 'haproxy', '-db', '-f', settings];
      const child = spawn('setpriv', line, { stdio: 'ignore' });
      running = child;
      for (const port of services.keys()) {
        await eventually(() => {
          if (child.exitCode !== null) throw new Error(`haproxy ended with ${child.exitCode}`);
          return listens(port);
        }, 'haproxy listens');
      }
    },
    async stop() {
      await haproxy.kill();
      rmSync(directory, { recursive: true, force: true });
    },
  };
  await haproxy.start();
  return haproxy;
}

async function listens(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  const result = await once(socket, 'connect').then(
    () => true,
    () => false,
  );
  socket.destroy();
  return result;
}

function settingsOf(services: ReadonlyMap<number, readonly BalancedServer[]>): string {
  const listens = [...services].map(([port, servers]) => {
    const hasHealth = servers.some((each) => typeof each !== 'number');
    const check = hasHealth ? ['  option httpchk GET /health'] : [];
    return [
      `listen l${port}`,
      `  bind 127.0.0.1:${port}`,
      ...check,
      ...servers.map(serverLine),
    ].join('\n');
  });
  return `global
  maxconn 4000
defaults
  mode tcp
  balance leastconn
  timeout connect 5s
  timeout client 1h
  timeout server 1h
  # A server that is down is left out within a second; a connection that it refuses goes to another one.
  option redispatch
  retries 3
  default-server check inter 500ms fall 2 rise 1
${listens.join('\n')}
`;
}

function serverLine(server: BalancedServer): string {
  if (typeof server === 'number') return `  server s${server} 127.0.0.1:${server}`;
  const { port, healthPort } = server;
  return `  server s${port} 127.0.0.1:${port} send-proxy-v2 check port ${healthPort}`;
}

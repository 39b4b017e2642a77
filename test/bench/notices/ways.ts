/** Ways out that work and that fail: a program, an address and a broker each. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../../support/ports.js';

export interface Ways {
  /** Flags of the notices. */
  readonly working: readonly string[];
  readonly failing: readonly string[];
  /** What the working address has taken. */
  takenCount(): number;
  close(): void;
}

export async function openWays(directory: string): Promise<Ways> {
  const program = (name: string, script: string): string => {
    const path = join(directory, name);
    writeFileSync(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    return JSON.stringify([path]);
  };
  let takenCount = 0;
  const [good, bad] = await Promise.all([
    endpoint(204, () => (takenCount += 1)),
    endpoint(500, () => undefined),
  ]);
  const broker = await startBroker(directory);
  const password = (name: string, text: string): string => {
    writeFileSync(join(directory, name), `${text}\n`, { mode: 0o600 });
    return join(directory, name);
  };
  const flags = (command: string, url: string, passwordFile: string): string[] => [
    ...['--on-event', command, '--on-end', command, '--command-timeout', '1h'],
    ...['--notify', url, '--mqtt', `mqtt://fred@127.0.0.1:${broker.port}`],
    ...['--mqtt-password-file', passwordFile, '--cooldown', '0s'],
  ];
  return {
    working: flags(program('works', 'exit 0'), good.url, password('right', brokerPassword)),
    failing: flags(program('hangs', 'exec sleep 3600'), bad.url, password('wrong', 'another')),
    takenCount: () => takenCount,
    close() {
      for (const { server } of [good, bad]) {
        server.closeAllConnections();
        server.close();
      }
      broker.process.kill();
    },
  };
}

/** Takes each request, and answers it with a status. */
async function endpoint(
  status: number,
  onTaken: () => void,
): Promise<{ server: Server; url: string }> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      onTaken();
      response.writeHead(status).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` };
}

const brokerPassword = 'garden gate';
const startDeadlineMs = 10_000;

async function startBroker(directory: string): Promise<{ process: ChildProcess; port: number }> {
  const port = await freePort();
  const passwords = join(directory, 'passwords');
  execFileSync('mosquitto_passwd', ['-c', '-b', passwords, 'fred', brokerPassword]);
  const lines = [
    ...[`listener ${port} 127.0.0.1`, 'allow_anonymous false', `password_file ${passwords}`],
    ...['user root', 'persistence false'],
  ];
  writeFileSync(join(directory, 'broker.conf'), `${lines.join('\n')}\n`);
  const config = ['-c', join(directory, 'broker.conf')];
  const broker = spawn('/usr/sbin/mosquitto', config, { stdio: 'ignore' });
  // Also after an error.
  process.once('exit', () => broker.kill());
  const startMs = performance.now();
  while (!(await answers(port))) {
    if (performance.now() - startMs > startDeadlineMs) throw new Error('Mosquitto does not start');
    await delay(50);
  }
  return { process: broker, port };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

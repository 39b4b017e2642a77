/** Checks of the port: whether a receiver answers on it, which other program uses it, whether a firewall blocks it. */
import { once } from 'node:events';
import { type Socket, connect, isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { type ListenAddress, defaultPort, formatAddress } from '../../../shared/cli/address.js';
import { type Finding, finding } from '../../../shared/setup/doctor/finding.js';
import { readGreeting } from '../../../shared/setup/doctor/greeting.js';
import { describeError, systemCode } from '../../../shared/cli/errors.js';
import { type RunTool, ask } from '../../../shared/process/run-tool.js';
import { plainAddress } from '../../../shared/protocol/camera-name.js';
import { pairedOnlyMessage } from '../../../shared/protocol/plain-answers.js';
import { ownProxyHeader } from '../../listen/proxy-header.js';
import type { ProxyNetworks } from '../../listen/proxy-networks.js';

const connectLimitMs = 5000;
/** A receiver that systemd starts for this connection needs a moment. */
const greetingLimitMs = 10_000;

export interface PortFacts {
  /** The command that starts a receiver on the port. */
  readonly start: string;
  /** Nothing names the port: a receiver that was started by hand, or on another machine, may have another one. */
  readonly isGuess?: boolean;
  /** A socket of the receiver's units is open: systemd listens for the receiver. */
  readonly isOfSystemd: boolean;
  /** The receiver's socket that has failed: what answers on the port is not this receiver. */
  readonly failedSocket: string | undefined;
  /** Of `--proxy`: a connection from there begins with a PROXY header. */
  readonly proxies: ProxyNetworks;
}

export async function portFindings(
  listen: ListenAddress,
  run: RunTool,
  facts: PortFacts,
): Promise<readonly Finding[]> {
  const port = await answerFinding(listen, facts);
  return [port, ...(await firewallFindings(listen.port, run)), ...addressFindings(listen)];
}

async function answerFinding(
  { address, port }: ListenAddress,
  { start, isGuess = false, isOfSystemd, failedSocket, proxies }: PortFacts,
): Promise<Finding> {
  const host = address === undefined || /^(?:0\.0\.0\.0|::)$/.test(address) ? 'localhost' : address;
  const name = formatAddress(host, port);
  let socket: Socket;
  try {
    socket = connect({ host, port, autoSelectFamily: true });
    await once(socket, 'connect', { signal: AbortSignal.timeout(connectLimitMs) });
  } catch (error) {
    const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
    if (systemCode(first) === 'ECONNREFUSED' && isGuess) {
      const message = `no program listens on ${name}, the default port of this machine`;
      const fix = `where a receiver has another port: receiver doctor --listen PORT; to start one: ${start}`;
      return finding('port', 'warning', message, fix);
    }
    if (systemCode(first) === 'ECONNREFUSED') {
      return finding('port', 'fault', `no program listens on ${name}`, start);
    }
    return finding('port', 'fault', `cannot connect to ${name}: ${describeError(first)}`);
  }
  if (proxies.includes(plainAddress(socket.localAddress ?? ''))) socket.write(ownProxyHeader);
  const greeting = await readGreeting(socket, greetingLimitMs);
  const findProgram = `find the program: sudo ss -ltnp 'sport = :${port}'`;
  const isPairedOnly = greeting.kind === 'words' && greeting.words === pairedOnlyMessage;
  if (failedSocket !== undefined && (greeting.kind === 'welcome' || isPairedOnly)) {
    const message = `another receiver answers on ${name}: ${failedSocket} has failed`;
    return finding(
      'port',
      'fault',
      message,
      `${findProgram}; or choose another port with --listen`,
    );
  }
  if (greeting.kind === 'welcome') return finding('port', 'ok', `a receiver answers on ${name}`);
  if (isPairedOnly) {
    return finding('port', 'ok', `a receiver answers on ${name}, and accepts paired cameras only`);
  }
  if (greeting.kind === 'words') {
    return finding('port', 'warning', `${name} answers: ${greeting.words}`, findProgram);
  }
  if (isOfSystemd) {
    const message = `systemd listens on ${name}, and the receiver that it starts does not answer`;
    return finding('port', 'fault', message, "sudo journalctl -n 20 -u 'surveillance*'");
  }
  return finding('port', 'fault', `${name} is in use by another program`, findProgram);
}

/** Firewalls that distributions enable by default; each shows its rules to root only. */
async function firewallFindings(port: number, run: RunTool): Promise<readonly Finding[]> {
  const zone = await ask(run, 'firewall-cmd', ['--query-port', `${port}/tcp`]);
  if (zone?.trim() === 'yes') return [finding('firewall', 'ok', `port ${port} is open`)];
  if ((await ask(run, 'firewall-cmd', ['--state']))?.trim() === 'running') {
    const fix = `sudo firewall-cmd --permanent --add-port=${port}/tcp && sudo firewall-cmd --reload`;
    return [finding('firewall', 'warning', `firewalld blocks port ${port}`, fix)];
  }
  const rules = await ask(run, 'ufw', ['status']);
  if (rules === undefined || /Status: inactive/.test(rules)) return [];
  const isOpen = new RegExp(`^${port}(/tcp)?\\s.*ALLOW`, 'm').test(rules);
  if (isOpen) return [finding('firewall', 'ok', `port ${port} is open`)];
  return [finding('firewall', 'warning', `ufw blocks port ${port}`, `sudo ufw allow ${port}/tcp`)];
}

/** The commands to type at the camera. */
function addressFindings({ address, port }: ListenAddress): readonly Finding[] {
  const isAny = address === undefined || /^(?:0\.0\.0\.0|::)$/.test(address);
  const addresses = isAny ? ownAddresses() : [address];
  const commands = addresses.map((own) => {
    const host = port === defaultPort ? own : formatAddress(own, port);
    return finding('address', 'ok', `at the camera: agent --host ${host}`);
  });
  if (commands.length > 0) return commands;
  return [finding('address', 'warning', 'this machine has no address that a camera can reach')];
}

/** IPv4 first, shorter to type. Link-local addresses are left out: their zone is the camera's, unknown here. */
function ownAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((infos) => infos ?? []);
  const usable = all.filter(({ internal, address }) => !internal && !/^fe80:/i.test(address));
  const addresses = [...new Set(usable.map(({ address }) => address))];
  return addresses.sort((one, other) => Number(isIPv6(one)) - Number(isIPv6(other)));
}

/** The port: whether a receiver answers on it here, who else has it, whether a firewall is in the way. */
import { once } from 'node:events';
import { type Socket, connect, isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { type ListenAddress, defaultPort, formatAddress } from '../../../shared/cli/address.js';
import { type Finding, finding } from '../../../shared/setup/doctor/finding.js';
import { readGreeting } from '../../../shared/setup/doctor/greeting.js';
import { describeError, systemCode } from '../../../shared/cli/errors.js';
import { type RunTool, ask } from '../../../shared/process/run-tool.js';
import { pairedOnlyMessage } from '../../access/access-control.js';

const connectLimitMs = 5000;
/** A receiver that systemd starts for us needs a moment. */
const greetingLimitMs = 10_000;

/** @param start what to type to have a receiver there */
export async function portFindings(
  listen: ListenAddress,
  run: RunTool,
  start: string,
): Promise<readonly Finding[]> {
  const port = await answerFinding(listen, start);
  return [port, ...(await firewallFindings(listen.port, run)), ...addressFindings(listen)];
}

async function answerFinding({ address, port }: ListenAddress, start: string): Promise<Finding> {
  const host = address === undefined || /^(?:0\.0\.0\.0|::)$/.test(address) ? 'localhost' : address;
  const shown = formatAddress(host, port);
  let socket: Socket;
  try {
    socket = connect({ host, port, autoSelectFamily: true });
    await once(socket, 'connect', { signal: AbortSignal.timeout(connectLimitMs) });
  } catch (error) {
    const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
    if (systemCode(first) === 'ECONNREFUSED') {
      return finding('port', 'fault', `nobody listens on ${shown}`, start);
    }
    return finding('port', 'fault', `${shown} cannot be reached: ${describeError(first)}`);
  }
  const greeting = await readGreeting(socket, greetingLimitMs);
  if (greeting.kind === 'welcome') return finding('port', 'ok', `a receiver answers on ${shown}`);
  const who = `sudo ss -ltnp 'sport = :${port}'`;
  if (greeting.kind === 'words' && greeting.words === pairedOnlyMessage) {
    return finding('port', 'ok', `a receiver answers on ${shown}, and accepts paired cameras only`);
  }
  if (greeting.kind === 'words') {
    return finding('port', 'warning', `${shown} says: ${greeting.words}`, `who it is: ${who}`);
  }
  const says = `somebody listens on ${shown}, and is no receiver`;
  return finding('port', 'fault', says, `who it is: ${who}`);
}

/** The firewalls that distributions switch on; what each says of the port only root is told. */
async function firewallFindings(port: number, run: RunTool): Promise<readonly Finding[]> {
  const zone = await ask(run, 'firewall-cmd', ['--query-port', `${port}/tcp`]);
  if (zone?.trim() === 'yes') return [finding('firewall', 'ok', `lets port ${port} through`)];
  if ((await ask(run, 'firewall-cmd', ['--state']))?.trim() === 'running') {
    const todo = `sudo firewall-cmd --permanent --add-port=${port}/tcp && sudo firewall-cmd --reload`;
    return [finding('firewall', 'warning', `firewalld keeps port ${port} closed`, todo)];
  }
  const rules = await ask(run, 'ufw', ['status']);
  if (rules === undefined || /Status: inactive/.test(rules)) return [];
  const isOpen = new RegExp(`^${port}(/tcp)?\\s.*ALLOW`, 'm').test(rules);
  if (isOpen) return [finding('firewall', 'ok', `lets port ${port} through`)];
  const todo = `sudo ufw allow ${port}/tcp`;
  return [finding('firewall', 'warning', `ufw keeps port ${port} closed`, todo)];
}

/** What to type at the camera. */
function addressFindings({ address, port }: ListenAddress): readonly Finding[] {
  const isAny = address === undefined || /^(?:0\.0\.0\.0|::)$/.test(address);
  const addresses = isAny ? ownAddresses() : [address];
  const lines = addresses.map((each) => {
    const host = port === defaultPort ? each : formatAddress(each, port);
    return finding('address', 'ok', `at the camera: agent --host ${host}`);
  });
  if (lines.length > 0) return lines;
  return [finding('address', 'warning', 'this machine has no address that a camera could reach')];
}

/** IPv4 first: shorter to type. Link-local ones need a zone, which is the camera's and not known here. */
function ownAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  const usable = all.filter(({ internal, address }) => !internal && !/^fe80:/i.test(address));
  const addresses = [...new Set(usable.map(({ address }) => address))];
  return addresses.sort((one, other) => Number(isIPv6(one)) - Number(isIPv6(other)));
}

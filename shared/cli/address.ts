/** Parses and formats `HOST[:PORT]` and `[ADDRESS:]PORT`. Pure. */
import { isIP, isIPv6 } from 'node:net';
import type { ValueType } from './option-table.js';
import { InvalidValue } from './units.js';

export const defaultPort = 4444;

export interface Destination {
  readonly host: string;
  readonly port: number;
}

export interface ListenAddress {
  /** Undefined: every address of this machine, IPv4 and IPv6. */
  readonly address: string | undefined;
  /** 0: the system chooses a free port. */
  readonly port: number;
}

/** `laptop`, `laptop:4444`, `192.168.1.5:4444`, `[fe80::1%eth0]:4444`, `::1`. */
export const destination: ValueType<Destination> = {
  metavar: 'HOST[:PORT]',
  noneIsValue: true,
  parse(text) {
    const { host, port } = splitPort(text);
    if (!isHost(host))
      throw new InvalidValue('write HOST or HOST:PORT, such as laptop:4444 or [::1]:4444');
    return { host, port: port === undefined ? defaultPort : parsePort(port, 1) };
  },
};

/** `4444`, `127.0.0.1:4444`, `[::1]:4444`. */
export const listenAddress: ValueType<ListenAddress> = {
  metavar: '[ADDRESS:]PORT',
  parse(text) {
    if (/^\d+$/.test(text)) return { address: undefined, port: parsePort(text, 0) };
    const { host, port } = splitPort(text);
    if (port === undefined || !isAddress(host)) {
      throw new InvalidValue(
        'write PORT or ADDRESS:PORT, such as 4444, 127.0.0.1:4444 or [::1]:4444',
      );
    }
    return { address: host, port: parsePort(port, 0) };
  },
};

/** `HOST:PORT`, an IPv6 address in brackets. */
export function formatAddress(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function splitPort(text: string): { host: string; port: string | undefined } {
  const bracketed = /^\[([^\]]+)\](?::(\d+))?$/.exec(text);
  if (bracketed) return { host: bracketed[1] ?? '', port: bracketed[2] };
  // Several colons without brackets are an IPv6 address without a port.
  if (isAddress(text)) return { host: text, port: undefined };
  const plain = /^([^:]*)(?::(\d+))?$/.exec(text);
  return { host: plain?.[1] ?? '', port: plain?.[2] };
}

/** An IP address; an IPv6 address may have a zone: `fe80::1%eth0`. */
function isAddress(text: string): boolean {
  const [, address = '', zone] = /^([^%]*)(%[\w.@-]{1,15})?$/.exec(text) ?? [];
  return zone === undefined ? isIP(address) !== 0 : isIPv6(address);
}

function isHost(host: string): boolean {
  return isAddress(host) || /^[a-z0-9_]([a-z0-9._-]{0,252})$/i.test(host);
}

function parsePort(text: string, min: number): number {
  const port = Number(text);
  if (port < min || port > 65_535) throw new InvalidValue(`port ${text} is not ${min} to 65535`);
  return port;
}

/**
 * The addresses of `--notify`: `ntfy://HOST/TOPIC` (https), `ntfy+http://HOST/TOPIC` (http), and `https://…` or `http://…`
 * for a webhook. A user and password, or a token (`ntfy://:TOKEN@HOST/TOPIC`), may stand before the host. Pure.
 */
import { isIP } from 'node:net';
import type { ValueType } from '../../shared/cli/option-table.js';
import { InvalidValue } from '../../shared/cli/units.js';
import { isPrivateAddress } from '../../shared/protocol/network.js';

export interface NotifyAddress {
  readonly kind: 'ntfy' | 'webhook';
  /** Without user and password. */
  readonly url: string;
  /** The value of the header Authorization. */
  readonly authorization: string | undefined;
  /** For messages: without what may be a secret in path and query. */
  readonly name: string;
  /** The host is of this machine or of a private network, as far as its name shows. */
  readonly isPrivate: boolean;
}

const schemes: Readonly<Record<string, readonly [NotifyAddress['kind'], string]>> = {
  'ntfy:': ['ntfy', 'https:'],
  'ntfy+http:': ['ntfy', 'http:'],
  'https:': ['webhook', 'https:'],
  'http:': ['webhook', 'http:'],
};

export const notifyAddress: ValueType<NotifyAddress> = {
  metavar: 'URL',
  parse(text) {
    const [scheme = ''] = /^[a-z+]+:/i.exec(text) ?? [];
    const known = schemes[scheme.toLowerCase()];
    if (known === undefined) {
      throw new InvalidValue('must begin with ntfy://, ntfy+http://, https:// or http://');
    }
    const [kind, protocol] = known;
    let url: URL;
    try {
      url = new URL(protocol + text.slice(scheme.length));
    } catch {
      throw new InvalidValue('is not an address, such as ntfy://ntfy.sh/my-topic');
    }
    if (url.hash !== '') throw new InvalidValue('has a # that no server sees');
    if (kind === 'ntfy' && !/^\/[\w-]{1,64}$/.test(url.pathname)) {
      throw new InvalidValue('needs one topic of letters, digits, - and _: ntfy://HOST/TOPIC');
    }
    const authorization = authorizationOf(url);
    [url.username, url.password] = ['', ''];
    const host = url.hostname.replace(/^\[|\]$/g, '');
    return {
      ...{ kind, url: url.href, authorization, isPrivate: isPrivateHost(host) },
      // A topic, and the path of many webhooks, is a secret.
      name: `${kind} at ${url.host}`,
    };
  },
};

function authorizationOf({ username, password }: URL): string | undefined {
  if (username === '' && password === '') return undefined;
  const [user, secret] = [decodeURIComponent(username), decodeURIComponent(password)];
  if (user === '') return `Bearer ${secret}`;
  return `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}`;
}

/** Whether a host is of this machine or of a private network, as far as its name shows. @param host IPv6 without brackets */
export function isPrivateHost(host: string): boolean {
  if (isIP(host) !== 0) return isPrivateAddress(host);
  return !host.includes('.') || /\.(?:local|lan|home\.arpa|internal|localhost)$/i.test(host);
}

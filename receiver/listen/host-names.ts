/**
 * Which names a request may address this server by. A page elsewhere that gets a browser to resolve a name of its own
 * to this machine (DNS rebinding) has another name in its requests. Pure.
 */
import { isIP } from 'node:net';

export class HostNames {
  readonly #names: ReadonlySet<string>;

  /** @param names of this machine, and those of proxies in front of it */
  constructor(names: readonly string[]) {
    this.#names = new Set(names.map((name) => name.toLowerCase().replace(/\.$/, '')));
  }

  /** @param header `Host` of the request: a name or an address, perhaps with a port */
  includes(header: string | undefined): boolean {
    const name = nameOf(header?.toLowerCase() ?? '');
    if (name === undefined) return false;
    // An address is resolved by nothing.
    if (isIP(name) !== 0) return true;
    return name === 'localhost' || name.endsWith('.localhost') || this.#names.has(name);
  }
}

/** @returns without port and brackets; undefined: it is no host */
function nameOf(host: string): string | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::\d{1,5})?$/.exec(host);
  return (match?.[1] ?? match?.[2])?.replace(/\.$/, '');
}

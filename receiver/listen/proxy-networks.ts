/** Networks of proxies that are named: what they say of the peers behind them counts. Pure. */
import { BlockList, isIP, isIPv6 } from 'node:net';
import type { ValueType } from '../../shared/cli/option-table.js';
import { InvalidValue } from '../../shared/cli/units.js';

/** An address or a network. */
export interface ProxyNetwork {
  readonly address: string;
  /** Bits of the prefix; undefined: one address. */
  readonly bits: number | undefined;
}

export const proxyNetwork: ValueType<ProxyNetwork> = {
  metavar: 'ADDRESS[/BITS]',
  parse(text) {
    const [address = '', bits, ...more] = text.split('/');
    const most = isIP(address) === 6 ? 128 : 32;
    const isLength = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most);
    if (isIP(address) === 0 || !isLength || more.length > 0) {
      throw new InvalidValue('write an address or a network, such as 127.0.0.1 or 10.0.0.0/8');
    }
    return { address, bits: bits === undefined ? undefined : Number(bits) };
  },
};

export class ProxyNetworks {
  readonly #known = new BlockList();

  constructor(networks: readonly ProxyNetwork[]) {
    for (const { address, bits } of networks) {
      const family = isIPv6(address) ? 'ipv6' : 'ipv4';
      if (bits === undefined) this.#known.addAddress(address, family);
      else this.#known.addSubnet(address, bits, family);
    }
  }

  /** @param address without zone; IPv4-mapped as IPv4 */
  includes(address: string): boolean {
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    return isIP(address) !== 0 && this.#known.check(address, family);
  }
}

/** The addresses under which cameras in the same network reach this machine. Pure. */
import { isIPv6 } from 'node:net';
import type { NetworkInterfaceInfo } from 'node:os';
import { isPrivateAddress } from '../../../shared/protocol/network.js';

type Interfaces = Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>;

/** Interfaces of containers and virtual machines: not reachable from other machines. */
const virtualNames = /^(docker|br-|veth|virbr|lxc|lxd|podman|cni|vmnet|tun|tap)/;

/**
 * Best first: IPv4 before IPv6, private before public, real networks before those of containers. Link-local
 * addresses are left out: their zone has another name on each machine.
 */
export function ownAddresses(interfaces: Interfaces): string[] {
  const found = Object.entries(interfaces).flatMap(([name, infos]) =>
    (infos ?? [])
      .filter(({ internal, address }) => !internal && !/^(fe80:|169\.254\.)/i.test(address))
      .map(({ address }) => ({
        address,
        cost:
          (virtualNames.test(name) ? 4 : 0) +
          (isIPv6(address) ? 2 : 0) +
          (isPrivateAddress(address) ? 0 : 1),
      })),
  );
  return found.sort((one, other) => one.cost - other.cost).map(({ address }) => address);
}

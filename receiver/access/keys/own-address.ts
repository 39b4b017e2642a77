/** Under which address cameras in the same network reach this machine. Pure. */
import { isIPv6 } from 'node:net';
import type { NetworkInterfaceInfo } from 'node:os';
import { isPrivateAddress } from '../../limits/network.js';

type Interfaces = Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>;

/** What containers and virtual machines add: nobody outside reaches it. */
const virtualNames = /^(docker|br-|veth|virbr|lxc|lxd|podman|cni|vmnet|tun|tap)/;

/**
 * Best first: IPv4 before IPv6, private before public, real networks before those of containers; link-local
 * ones are left out, since each machine calls their zone by another name.
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

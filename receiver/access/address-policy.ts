/** Which addresses an open receiver accepts: this machine and private networks. Pure. */
import { plainAddress } from '../../shared/protocol/camera-name.js';
import { isPrivateAddress } from '../../shared/protocol/network.js';

/** Why a peer is refused, as a sentence for it; undefined: it is accepted. */
export function refusalFor(address: string): string | undefined {
  if (isPrivateAddress(address)) return undefined;
  const plain = plainAddress(address);
  return `this receiver accepts peers on its own machine and private networks only, not ${plain}`;
}

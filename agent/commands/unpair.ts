/** `agent unpair HOST[:PORT]`: removes this agent's key for a receiver. */
import { join } from 'node:path';
import { destination, formatAddress } from '../../shared/cli/address.js';
import { writeTo } from '../../shared/cli/command.js';
import { defineCommand } from '../../shared/cli/define-command.js';
import { OperationalError, UsageError } from '../../shared/cli/errors.js';
import { counted } from '../../shared/cli/humanize.js';
import { runTool } from '../../shared/process/run-tool.js';
import { pairingState } from '../setup/pairing-state.js';
import { spoolFolderName } from '../spool/spool-set.js';
import { surveySpool } from '../spool/spool-survey.js';
import { KeyStore } from '../uplink/keys/key-store.js';
import { PairedMark } from '../uplink/keys/paired-mark.js';
import { pairProgram, parseArgument } from './pair.js';

const usage = `agent unpair HOST[:PORT]

Removes the key for a receiver. Frames for it wait then, and nothing is sent to it unencrypted: pair again to deliver
them. A connection that is open stays open; \`receiver unpair CAMERA\` on the receiver's machine ends it.

`;

/** @throws {UsageError} there is no key for this receiver @throws {OperationalError} KEYS */
export const run = defineCommand({
  program: pairProgram,
  usage,
  accepts: 'positionals',
  async run({ options, positionals, env }) {
    const [hostText, ...more] = positionals;
    if (hostText === undefined || more.length > 0) {
      throw new UsageError('agent unpair needs one host', {
        hint: 'agent status lists the receivers that this agent is paired with',
      });
    }
    const receiver = parseArgument(destination, hostText, `'${hostText}'`);
    const address = formatAddress(receiver.host, receiver.port);
    const line = `agent unpair ${address}`;
    const state = await pairingState(options, env, { line, run: runTool });
    const keys = new KeyStore(state, undefined);
    const pairings = await keys.pairings();
    const pairing = pairings.find(({ hosts }) => hosts.includes(address.toLowerCase()));
    if (pairing === undefined) {
      const known = pairings.flatMap(({ hosts }) => hosts).join(', ');
      const message = `no key for ${address} in ${state}/keys`;
      throw new UsageError(message, {
        hint: known === '' ? 'this agent is not paired' : `it is paired with ${known}`,
      });
    }
    // First the mark: without keys and without a mark, an agent would send unencrypted.
    const mark = await makeMark(state, env);
    await keys.remove(receiver);
    const { hosts, camera = '' } = pairing;
    const waiting = await waitingFrames(state, hosts);
    const lines = [
      `removed the key for ${hosts.join(', ')}, where this camera is ${camera}`,
      `${counted(waiting, 'frame')} for it ${waiting === 1 ? 'waits' : 'wait'} in ${state}/spool; ` +
        `to deliver what waits, pair again: agent pair ${address}`,
      `nothing is sent unencrypted while ${mark} exists`,
      `the receiver still accepts the old key; there: receiver unpair ${camera}`,
    ];
    writeTo(1, lines.map((text) => `${text}\n`).join(''));
  },
});

/** @returns its path */
async function makeMark(state: string, env: Parameters<typeof pairingState>[1]): Promise<string> {
  try {
    return await new PairedMark(state, env, { isRequired: false }).make();
  } catch (cause) {
    const message = 'no key was removed: the mark that keeps this agent from sending unencrypted';
    throw new OperationalError('KEYS', `${message} cannot be written`, { cause });
  }
}

async function waitingFrames(state: string, hosts: readonly string[]): Promise<number> {
  const folders = hosts.map((host) => spoolFolderName(destination.parse(host)));
  const surveys = await surveySpool(join(state, 'spool'));
  return surveys
    .filter(({ receiver }) => folders.includes(receiver))
    .reduce((sum, { waitingFrames: count }) => sum + count, 0);
}

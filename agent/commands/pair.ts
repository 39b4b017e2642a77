/** `agent pair HOST[:PORT] [CODE]`: pairs this camera with a receiver. */
import { destination, formatAddress } from '../../shared/cli/address.js';
import { cameraName } from '../../shared/protocol/camera-name.js';
import { type Environment, abortOnSignals, writeTo } from '../../shared/cli/command.js';
import { firstInputLine } from '../../shared/cli/input-line.js';
import { defineCommand } from '../../shared/cli/define-command.js';
import { OperationalError, UsageError } from '../../shared/cli/errors.js';
import { path } from '../../shared/cli/value-types.js';
import { runTool } from '../../shared/process/run-tool.js';
import { pairingCode } from '../../shared/keys/pairing-code.js';
import { type ValueType, flag, value } from '../../shared/cli/option-table.js';
import { InvalidValue } from '../../shared/cli/units.js';
import { instanceName } from '../setup/instances.js';
import { KeyStore } from '../uplink/keys/key-store.js';
import { PairedMark } from '../uplink/keys/paired-mark.js';
import { pairingState } from '../setup/pairing-state.js';
import { SigningKey } from '../uplink/keys/signing-key.js';
import { pairWith } from '../uplink/pair.js';

export const pairProgram = {
  name: 'agent',
  table: {
    state: value(
      path('DIR'),
      'State directory of the agent, where the key is kept. Without it: that of the installed agent, else ' +
        'the default of agent --state.',
    ),
    camera: value(
      cameraName,
      'Only to find the state directory of an agent that is started with --camera. The receiver gives the name.',
    ),
    instance: value(
      instanceName,
      'One of several agents on this machine: a webcam of --plug, as video0, or the camera of picchanged-watch@CAMERA.',
    ),
    help: flag('Show this help.'),
  },
} as const;

const usage = `agent pair HOST[:PORT] [CODE]

Pairs this camera with a receiver: from then on they use TLS with a key that only they have. First run
\`receiver pair NAME\` on the receiver's machine: it prints the command line with the code. Without CODE, or with -,
the code is read from standard input and appears in no process list and no shell history.

`;

/** @throws {UsageError} @throws {OperationalError} */
export const run = defineCommand({
  program: pairProgram,
  usage,
  accepts: 'positionals',
  async run({ options, positionals, env }) {
    const [hostText, codeText, ...more] = positionals;
    if (hostText === undefined || more.length > 0) {
      throw new UsageError('agent pair needs a host and a code', {
        hint: "run `receiver pair NAME` on the receiver's machine: it prints the whole command line",
      });
    }
    const receiver = parseArgument(destination, hostText, `'${hostText}'`);
    // Errors do not repeat the text: a mistyped code is close to the secret.
    const isFromInput = codeText === undefined || codeText === '-';
    const code = isFromInput
      ? parseArgument(pairingCode, await readInputLine('code: '), 'standard input')
      : parseArgument(pairingCode, codeText, 'the second argument');
    const line = `agent pair ${hostText} …`;
    const state = await pairingState(options, env, { line, run: runTool });
    const keys = new KeyStore(state, undefined);
    const { publicKey } = await SigningKey.open(state);
    const camera = await pairWith(receiver, code, { keys, publicKey }, abortOnSignals());
    const address = formatAddress(receiver.host, receiver.port);
    writeTo(1, `paired with ${address} as ${camera}; the key is in ${state}/keys\n`);
    await markPaired(state, env);
  },
});

/** Keeps the agent from sending unencrypted when the state directory is missing. */
async function markPaired(state: string, env: Environment): Promise<void> {
  try {
    await new PairedMark(state, env, { isRequired: false }).make();
  } catch (cause) {
    const message = 'paired, but the mark outside of the state directory cannot be written';
    const hint = 'start the agent with --paired, or put AGENT_PAIRED=yes into its settings';
    throw new OperationalError('KEYS', message, { cause, hint });
  }
}

async function readInputLine(prompt: string): Promise<string> {
  if (process.stdin.isTTY) writeTo(2, prompt);
  return await firstInputLine();
}

export function parseArgument<T>(type: ValueType<T>, text: string, label: string): T {
  try {
    return type.parse(text);
  } catch (error) {
    if (!(error instanceof InvalidValue)) throw error;
    throw new UsageError(`${label}: ${error.message}`);
  }
}

/** `agent pair HOST[:PORT] [CODE]`: makes this machine a paired camera of a receiver. */
import { hostname } from 'node:os';
import { createInterface } from 'node:readline';
import { destination, formatAddress } from '../../shared/cli/address.js';
import { cameraName, cameraNameFromHost } from '../../shared/protocol/camera-name.js';
import { type Environment, abortOnSignals, writeTo } from '../../shared/cli/command.js';
import { OperationalError, UsageError } from '../../shared/cli/errors.js';
import { installedValue } from '../../shared/setup/installed-value.js';
import { path } from '../../shared/cli/value-types.js';
import { pairingCode } from '../../shared/keys/pairing-code.js';
import {
  type ValueType,
  helpText,
  readCommandLine,
  flag,
  value,
} from '../../shared/cli/option-table.js';
import { InvalidValue } from '../../shared/cli/units.js';
import { KeyStore } from '../uplink/keys/key-store.js';
import { PairedMark } from '../uplink/keys/paired-mark.js';
import { defaultStateDirectory } from '../service/state.js';
import { pairWith } from '../uplink/pair.js';

const pairProgram = {
  name: 'agent',
  table: {
    state: value(
      path('DIR'),
      "The agent's state directory, where the key is kept. Without it: the installation's, else the one " +
        'that the agent itself would take.',
    ),
    camera: value(
      cameraName,
      'Only to find that directory, where the agent is started with --camera too.',
    ),
    help: flag('Show this.'),
  },
} as const;

const usage = `agent pair HOST[:PORT] [CODE]

Pairs this camera with a receiver: from then on they speak over TLS, with a key that only they have. Type the
line that \`receiver pair NAME\` prints there. Without CODE, or with -, the code is read from standard input: then
no list of processes and no history of a shell has it.

`;

/** @throws {UsageError} @throws {OperationalError} */
export async function run(argv: readonly string[], env: Environment): Promise<void> {
  const { options, positionals } = readCommandLine(pairProgram, argv, env);
  if (options.help) {
    writeTo(1, `${usage}${helpText(pairProgram)}\n`);
    return;
  }
  const [hostText, codeText, ...more] = positionals;
  if (hostText === undefined || more.length > 0) {
    throw new UsageError('agent pair takes a host and a code', {
      hint: '`receiver pair NAME` at the receiver prints the whole line',
    });
  }
  const receiver = readWord(destination, hostText, `'${hostText}'`);
  // What is typed may be nearly right: it is not repeated.
  const isTyped = codeText === undefined || codeText === '-';
  const code = isTyped
    ? readWord(pairingCode, await typedLine('code: '), 'standard input')
    : readWord(pairingCode, codeText, 'the second word');
  const state = options.state ?? (await statePlace(options.camera, env));
  const keys = new KeyStore(state, undefined);
  const camera = await pairWith(receiver, code, keys, abortOnSignals());
  const shown = formatAddress(receiver.host, receiver.port);
  writeTo(1, `paired with ${shown} as ${camera}; the key is in ${state}/keys\n`);
  await remember(state, env);
}

/** So that it does not speak in the clear when the state directory is not there. */
async function remember(state: string, env: Environment): Promise<void> {
  try {
    await new PairedMark(state, env, { isRequired: false }).make();
  } catch (cause) {
    throw new OperationalError('KEYS', 'it is paired, and that cannot be remembered elsewhere', {
      cause,
      hint: 'give the agent --paired, or AGENT_PAIRED=yes in its settings',
    });
  }
}

/** The first line of standard input. */
async function typedLine(prompt: string): Promise<string> {
  if (process.stdin.isTTY) writeTo(2, prompt);
  try {
    for await (const line of createInterface({ input: process.stdin, terminal: false }))
      return line;
    return '';
  } finally {
    // Whoever has the other end may keep it open.
    process.stdin.destroy();
  }
}

async function statePlace(camera: string | undefined, env: Environment): Promise<string> {
  const given = env.STATE_DIRECTORY ? undefined : await installedValue('agent', 'AGENT_STATE', env);
  return given ?? defaultStateDirectory(env, camera ?? cameraNameFromHost(hostname()));
}

function readWord<T>(kind: ValueType<T>, text: string, shown: string): T {
  try {
    return kind.parse(text);
  } catch (error) {
    if (!(error instanceof InvalidValue)) throw error;
    throw new UsageError(`${shown}: ${error.message}`);
  }
}

/**
 * Pairs with a receiver: agrees on a key over a one-time code, keeps it, and shows the receiver on a second
 * connection that it has it. Only then is the code used up, so that a cut at any moment leaves either the
 * code or the key good, and the same line may be typed again.
 */
import type { TLSSocket } from 'node:tls';
import type { Destination } from '../../shared/cli/address.js';
import { OperationalError } from '../../shared/cli/errors.js';
import { type Identity, pairingName } from '../../shared/keys/identity.js';
import type { PairingSecret } from '../../shared/keys/pairing-code.js';
import { helloDeadlineMs, maxHeaderBytes, preface } from '../../shared/protocol/protocol-limits.js';
import { type PairedMessage, readReceiverMessage } from '../../shared/protocol/messages.js';
import { MessageDecoder, encodeMessage } from '../../shared/protocol/wire.js';
import { keyFromConnection } from '../../shared/keys/tls-settings.js';
import { version } from '../../shared/cli/version.js';
import type { KeyStore, Unproven } from './keys/key-store.js';
import { openConnection } from './connection.js';
import { hasPreface } from './receiver-preface.js';
import { connectTls } from './tls.js';

/**
 * @returns the camera's name, which the receiver's user chose
 * @throws {OperationalError} LINK, PROTOCOL; KEYS: the code is wrong, used up or too old
 */
export async function pairWith(
  destination: Destination,
  code: PairingSecret,
  keys: KeyStore,
  signal: AbortSignal,
): Promise<string> {
  const left = await keys.findUnproven(code.id);
  if (left !== undefined) {
    try {
      return await prove(left, destination, keys, signal);
    } catch (error) {
      // The receiver never kept that key: the code is good still.
      if (!(error instanceof OperationalError) || error.code !== 'KEYS') throw error;
    }
  }
  const agreed = await agree(destination, code, signal);
  await keys.keep(agreed, destination, code.id);
  return await prove(agreed, destination, keys, signal);
}

async function agree(
  destination: Destination,
  code: PairingSecret,
  signal: AbortSignal,
): Promise<Unproven> {
  const identity = { name: pairingName, keyId: code.id };
  return await ask(destination, identity, code.key, signal, ({ camera, receiverId }, socket) => ({
    receiverId,
    key: keyFromConnection(socket, camera),
  }));
}

async function prove(
  unproven: Unproven,
  destination: Destination,
  keys: KeyStore,
  signal: AbortSignal,
): Promise<string> {
  const { camera, id, key } = unproven.key;
  await ask(destination, { name: camera, keyId: id }, key, signal, () => undefined);
  await keys.prove(unproven);
  return camera;
}

/** Says `pair` on a connection of its own. @returns what `use` makes of the answer */
async function ask<T>(
  destination: Destination,
  identity: Identity,
  key: Buffer,
  signal: AbortSignal,
  use: (answer: PairedMessage, socket: TLSSocket) => T,
): Promise<T> {
  const plain = await openConnection(destination, signal);
  const socket = await connectTls(plain, identity, key, signal);
  // For all of it: what it says meanwhile is no answer.
  const deadline = setTimeout(() => {
    socket.destroy(new OperationalError('LINK', 'the receiver does not answer'));
  }, helloDeadlineMs);
  try {
    socket.write(preface);
    for (const part of encodeMessage({ type: 'pair', agent: version })) socket.write(part);
    const result = use(await answerOn(socket), socket);
    for (const part of encodeMessage({ type: 'bye' })) socket.write(part);
    socket.end();
    socket.setTimeout(helloDeadlineMs, () => socket.destroy());
    return result;
  } catch (error) {
    socket.destroy();
    if (error instanceof OperationalError) throw error;
    throw new OperationalError('LINK', 'the connection broke', { cause: error });
  } finally {
    clearTimeout(deadline);
  }
}

async function answerOn(socket: TLSSocket): Promise<PairedMessage> {
  const decoder = new MessageDecoder({ maxHeaderBytes, maxBodyBytes: maxHeaderBytes });
  let opening: Buffer | undefined = Buffer.alloc(0);
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    let bytes = chunk as Buffer;
    if (opening !== undefined) {
      opening = Buffer.concat([opening, bytes]);
      if (!hasPreface(opening)) continue;
      bytes = opening.subarray(preface.length);
      opening = undefined;
    }
    for (const { header } of decoder.push(bytes)) {
      const message = readReceiverMessage(header);
      if (message?.type === 'paired') return message;
      if (message?.type === 'bye') {
        const said = message.message ?? message.code ?? 'bye';
        throw new OperationalError('LINK', `the receiver says: ${said}`);
      }
    }
  }
  throw new OperationalError('LINK', 'the receiver closed the connection');
}

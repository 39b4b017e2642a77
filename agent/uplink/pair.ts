/**
 * Pairs with a receiver: agrees on a key with a one-time code, stores it, and proves on a second connection that it
 * has the key. The receiver invalidates the code after that proof: when the connection breaks at any moment, the code
 * or the key is valid, and the user repeats the same command.
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
import { connectTls } from './tls.js';

/** What a pairing stores, and what the receiver gets to know. */
export interface PairingKeys {
  readonly keys: KeyStore;
  /** SubjectPublicKeyInfo in PEM of the camera's signatures, which the receiver pins. */
  readonly publicKey: string;
}

/**
 * @returns the camera's name, as the user of the receiver chose it
 * @throws {OperationalError} LINK, PROTOCOL; KEYS: the code is wrong, used or expired
 */
export async function pairWith(
  destination: Destination,
  code: PairingSecret,
  { keys, publicKey }: PairingKeys,
  signal: AbortSignal,
): Promise<string> {
  const peer = { destination, publicKey };
  const unproven = await keys.findUnproven(code.id);
  if (unproven !== undefined) {
    try {
      return await prove(unproven, peer, keys, signal);
    } catch (error) {
      // KEYS: the receiver did not store that key, so the code is still valid.
      if (!(error instanceof OperationalError) || error.code !== 'KEYS') throw error;
    }
  }
  const agreed = await agree(peer, code, signal);
  await keys.keep(agreed, destination, code.id);
  return await prove(agreed, peer, keys, signal);
}

interface PairingPeer {
  readonly destination: Destination;
  readonly publicKey: string;
}

async function agree(
  peer: PairingPeer,
  code: PairingSecret,
  signal: AbortSignal,
): Promise<Unproven> {
  const identity = { name: pairingName, keyId: code.id };
  return await request(peer, identity, code.key, signal, (answer, socket) => ({
    receiverId: answer.receiverId,
    key: keyFromConnection(socket, answer.camera),
  }));
}

async function prove(
  unproven: Unproven,
  peer: PairingPeer,
  keys: KeyStore,
  signal: AbortSignal,
): Promise<string> {
  const { camera, id, key } = unproven.key;
  await request(peer, { name: camera, keyId: id }, key, signal, () => undefined);
  await keys.prove(unproven);
  return camera;
}

/** Sends `pair` on a new connection. @returns the result of `use` for the answer */
async function request<T>(
  { destination, publicKey }: PairingPeer,
  identity: Identity,
  key: Buffer,
  signal: AbortSignal,
  use: (answer: PairedMessage, socket: TLSSocket) => T,
): Promise<T> {
  const plain = await openConnection(destination, signal);
  const socket = await connectTls(plain, identity, key, signal);
  // One deadline for the whole answer: other messages do not extend it.
  const deadline = setTimeout(() => {
    const limit = `no answer within ${helloDeadlineMs / 1000} s`;
    socket.destroy(new OperationalError('LINK', limit));
  }, helloDeadlineMs);
  try {
    socket.write(preface);
    for (const part of encodeMessage({ type: 'pair', agent: version, publicKey }))
      socket.write(part);
    const result = use(await readAnswer(socket), socket);
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

async function readAnswer(socket: TLSSocket): Promise<PairedMessage> {
  const decoder = MessageDecoder.ofReceiver({ maxHeaderBytes, maxBodyBytes: maxHeaderBytes });
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    for (const { header } of decoder.push(chunk as Buffer)) {
      const message = readReceiverMessage(header);
      if (message?.type === 'paired') return message;
      if (message?.type === 'bye') {
        const reason = message.message ?? message.code ?? 'no reason given';
        throw new OperationalError('LINK', `the receiver ended the session: ${reason}`);
      }
    }
  }
  throw new OperationalError('LINK', 'the receiver closed the connection');
}

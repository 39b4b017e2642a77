/** Pairs a camera as a user does, with the commands of both sides, and reads the resulting key. */
import { setTimeout as delay } from 'node:timers/promises';
import { KeyStore } from '../../agent/uplink/keys/key-store.js';
import type { CameraKey } from '../../shared/keys/identity.js';
import type { ReceiverHouse } from './receiver-house.js';

/**
 * @param agent the path of agent.js
 * @param state the state directory of the camera's agent
 * @throws when `signal` aborts: until then the same code is tried again
 */
export async function pairByCommands(
  house: ReceiverHouse,
  camera: string,
  agent: string,
  state: string,
  signal: AbortSignal,
): Promise<CameraKey> {
  const code = await house.makeCode(camera);
  const receiver = { host: '127.0.0.1', port: house.port };
  for (;;) {
    signal.throwIfAborted();
    try {
      await house.run(agent, ['pair', `127.0.0.1:${house.port}`, code, '--state', state]);
      const [key] = await new KeyStore(state, undefined).keysFor(receiver, camera);
      if (key !== undefined) return key;
    } catch {
      // The receiver refused it for a moment: a user repeats the command.
    }
    await delay(200, undefined, { signal });
  }
}

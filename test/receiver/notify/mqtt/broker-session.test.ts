/** A connection to a broker that fails: one that says nothing, one that stops answering, one that ends the connection. */
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openSession } from '../../../../receiver/notify/mqtt/broker-session.js';
import { mqttAddress } from '../../../../receiver/notify/mqtt/mqtt-address.js';
import { eventually } from '../../../support/eventually.js';

/** MQTT 5: reason 0, no properties. */
const connack = Buffer.of(0x20, 3, 0, 0, 0);
const takenOver = Buffer.of(0xe0, 2, 142, 0);

/** A broker that answers the first packet of a client with these bytes. @param flood what it sends then, without end */
async function brokerThat(answer: Buffer, flood?: Buffer) {
  const sockets: Socket[] = [];
  const received: Buffer[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => received.push(bytes));
    socket.once('data', () => {
      socket.write(answer);
      if (flood === undefined) return;
      const timer = setInterval(() => socket.write(flood), 5);
      socket.on('close', () => clearInterval(timer));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const address = mqttAddress.parse(`mqtt://127.0.0.1:${port}`);
  const settings = { address, password: undefined, ca: undefined, willTopic: undefined };
  const open = (signal = new AbortController().signal, timeLimitMs: number | undefined = 300) =>
    openSession({ ...settings, clientId: 'a-test', timeLimitMs }, signal);
  return { open, sockets, received: () => Buffer.concat(received) };
}

describe('a broker', () => {
  it('that says nothing does not answer', async () => {
    const { open } = await brokerThat(Buffer.alloc(0));
    await expect(open()).rejects.toThrow(/^MQTT broker at 127.0.0.1:\d+ does not answer$/);
  });

  it('that says nothing is left when the signal aborts', async () => {
    const { open, sockets } = await brokerThat(Buffer.alloc(0));
    const controller = new AbortController();
    const opening = open(controller.signal, 60_000);
    await eventually(() => sockets.length > 0, 'a connection');
    controller.abort();
    await expect(opening).rejects.toThrow('MQTT broker');
    await expect(open(controller.signal, 60_000)).rejects.toThrow(/abort/);
  });

  it('that takes nothing any more has not taken the message, and the connection ends', async () => {
    const { open } = await brokerThat(connack);
    const session = await open();
    await expect(session.publish('a/b', 'text', true)).rejects.toMatchObject({
      message: expect.stringContaining('does not answer') as string,
      cause: expect.objectContaining({ message: 'no answer in time' }) as Error,
    });
    expect((await session.closed).message).toContain('does not answer');
    await session.close();
  });

  it('that another program has taken over says so', async () => {
    const { open, sockets } = await brokerThat(connack);
    const session = await open();
    sockets[0]?.end(takenOver);
    const reason = await session.closed;
    expect(reason.message).toContain('ended the connection');
    expect(reason.hint).toContain('another receiver notify publishes the same captures');
  });

  it('that closes the connection in the middle of a message has not taken it', async () => {
    const { open, sockets } = await brokerThat(connack);
    const session = await open(undefined, 60_000);
    const publishing = session.publish('a/b', 'text', true);
    sockets[0]?.destroy();
    await expect(publishing).rejects.toThrow('MQTT broker');
  });

  it.each([
    ['a packet without an end', Buffer.of(0x30, 0xff, 0xff, 0xff, 0x7f), Buffer.alloc(60_000)],
    ['answers that nobody waits for', connack, Buffer.alloc(10_000, Buffer.of(0xd0, 0))],
  ])('that sends %s is left, long before the time limit', async (_, answer, flood) => {
    const { open } = await brokerThat(answer, flood);
    const used = open(undefined, 60_000).then(({ closed }) => closed);
    const failure = await used.catch((error: unknown) => error);
    expect(failure).toMatchObject({
      message: expect.stringMatching(/^MQTT broker at .* sends more than 64KiB in 10s$/) as string,
    });
  });

  it('is told how large its packets may be, and may send some', async () => {
    const { open, sockets, received } = await brokerThat(connack);
    const session = await open(undefined, 60_000);
    // MQTT 5, 3.1.2.11.4: maximum packet size, four bytes.
    expect(received().includes(Buffer.of(0x27, 0, 0, 0x40, 0))).toBe(true);
    sockets[0]?.write(Buffer.alloc(10_000, Buffer.of(0xd0, 0)));
    const publishing = session.publish('a/b', 'text', true);
    await eventually(() => received().includes('text'), 'a message');
    // The identifier of the message is at the end of its header, before its properties.
    const id = received().indexOf('a/b') + 3;
    sockets[0]?.write(Buffer.concat([Buffer.of(0x40, 2), received().subarray(id, id + 2)]));
    await publishing;
    await session.close();
  });
});

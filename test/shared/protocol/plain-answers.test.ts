import { describe, expect, it } from 'vitest';
import { describeError } from '../../../shared/cli/errors.js';
import { notAReceiver, pairedOnlyMessage } from '../../../shared/protocol/plain-answers.js';

const said = (text: string): string => describeError(notAReceiver(Buffer.from(text)));

describe('what answers instead of a receiver', () => {
  it('is a receiver that accepts paired cameras only, of this version and of 0.1', () => {
    for (const text of [pairedOnlyMessage, 'this receiver hears paired cameras only: pair …']) {
      expect(said(text)).toMatch(/^the receiver accepts paired cameras only; .*sudo receiver pair/);
    }
  });

  it('is a web server, whose answer has another time each time', () => {
    const answers = ['HTTP/1.1 400 Bad Request\r\nDate: x', '<!DOCTYPE HTML>\n<html>', '<html>'];
    const texts = new Set(answers.map(said));
    expect([...texts]).toEqual([expect.stringMatching(/^a web server answers; is this the port/)]);
  });

  it('is another program: the message is the same for each of its answers', () => {
    const errors = ['220 mail 10:15:01', '220 mail 10:15:02\u001b[31m'].map((text) =>
      notAReceiver(Buffer.from(text)),
    );
    expect(new Set(errors.map(({ message }) => message)).size).toBe(1);
    expect(describeError(errors[1])).toMatch(/it sent '220 mail 10:15:02 \[31m'/);
  });
});

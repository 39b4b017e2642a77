/** The first line of standard input; empty when there is none. */
import { createInterface } from 'node:readline';

export async function firstInputLine(): Promise<string> {
  try {
    for await (const line of createInterface({ input: process.stdin, terminal: false }))
      return line;
    return '';
  } finally {
    // The writer may keep its end of the pipe open.
    process.stdin.destroy();
  }
}

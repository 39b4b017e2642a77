/** Asks for a new password: twice on a terminal, without showing it; or the first line of standard input. */
import { UsageError } from '../../../shared/cli/errors.js';
import { writeTo } from '../../../shared/cli/command.js';
import { firstInputLine } from '../../../shared/cli/input-line.js';

/** In characters. A shorter one is guessed even when each guess takes a second. */
const [shortest, longest] = [8, 200];

/** @throws {UsageError} too short, or not the same twice; never with the password in it */
export async function askPassword(name: string): Promise<string> {
  if (!process.stdin.isTTY) return checked(await firstInputLine());
  const password = checked(await hiddenLine(`password for ${name}: `));
  if ((await hiddenLine('once more: ')) === password) return password;
  throw new UsageError('the two passwords differ: nothing is changed');
}

/** @throws {UsageError} */
export function checked(password: string): string {
  const length = Array.from(password).length;
  if (length < shortest || length > longest || /\p{Cc}/u.test(password)) {
    throw new UsageError(`a password has ${shortest} to ${longest} characters, in one line`);
  }
  return password;
}

function hiddenLine(prompt: string): Promise<string> {
  const stdin = process.stdin;
  writeTo(2, prompt);
  stdin.setRawMode(true);
  stdin.setEncoding('utf8');
  return new Promise((resolve, reject) => {
    let letters: string[] = [];
    const end = (act: () => void): void => {
      stdin.setRawMode(false);
      stdin.pause();
      stdin.off('data', onData);
      writeTo(2, '\n');
      act();
    };
    const onData = (chunk: string): void => {
      for (const letter of chunk) {
        if (letter === '\r' || letter === '\n') {
          end(() => resolve(letters.join('')));
          return;
        }
        // Ctrl-C and Ctrl-D: the terminal sends no signal in this mode.
        if (letter === '\u0003' || letter === '\u0004') {
          end(() => reject(new UsageError('stopped: nothing is changed')));
          return;
        }
        if (letter === '\u007f' || letter === '\b') letters.pop();
        else if (letter === '\u0015') letters = [];
        else letters.push(letter);
      }
    };
    stdin.on('data', onData);
    stdin.resume();
  });
}

/**
 * A real systemd for tests, thrown away afterwards: boots `systemd-lab`, runs commands in it, reads its
 * journal and its files. Nothing of it reaches this machine.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { eventually } from '../support/eventually.js';
import { root } from '../support/programs.js';

const script = fileURLToPath(new URL('systemd-lab', import.meta.url));
/** What the script ends with where no lab can be. */
const unsuitable = 77;

export interface LabSettings {
  /** Folders and files to copy, `from` here `to` there. */
  readonly copies?: readonly { readonly from: string; readonly to: string }[];
  /** Flags of systemd-lab, as `--udev`. */
  readonly flags?: readonly string[];
}

export interface Outcome {
  /** Exit code, or the name of the signal. */
  readonly code: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Why there can be no lab here, to be shown when a test is skipped; undefined when there can, and when
 * something else is wrong, which the first test then shows.
 */
export function whyNoLab(): string | undefined {
  const { status, stderr } = spawnSync(script, ['check'], { encoding: 'utf8' });
  return status === unsuitable ? stderr.trim() : undefined;
}

export class Lab {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  readonly #init: number;

  private constructor(child: ChildProcess, ended: Promise<unknown>, init: number) {
    this.#child = child;
    this.#ended = ended;
    this.#init = init;
  }

  /** Boots; takes about a second. Close it when all is done. */
  static async boot({ copies = [], flags = [] }: LabSettings = {}): Promise<Lab> {
    const copying = copies.flatMap(({ from, to }) => ['--copy', `${from}:${to}`]);
    const child = spawn(script, ['hold', ...copying, ...flags], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const ended = new Promise((resolve) => child.on('close', resolve));
    const ready = new Promise<number>((resolve) => {
      createInterface({ input: child.stdout }).on('line', (line) => {
        const pid = /^ready (\d+)$/.exec(line)?.[1];
        if (pid !== undefined) resolve(Number(pid));
      });
    });
    const init = await Promise.race([ready, ended]);
    if (typeof init === 'number' && child.exitCode === null) return new Lab(child, ended, init);
    throw new Error(`the lab did not boot: ${stderr}`);
  }

  /** A command line to type here for a command that is to run there. */
  #inside(command: readonly string[]): [string, string[]] {
    const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
    const environment = [`PATH=${path}`, 'SYSTEMD_PAGER=', 'SYSTEMD_COLORS=0', 'LC_ALL=C'];
    const enter = ['-t', String(this.#init), '-m', '-u', '-i', '-n', '-p', '-C'];
    return ['nsenter', [...enter, '--', 'env', '-i', ...environment, ...command]];
  }

  /** Starts a command as root that runs on; it ends with the lab at the latest. */
  start(...command: string[]): ChildProcess {
    const [program, args] = this.#inside(command);
    return spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  }

  /** Runs a command as root to its end. */
  async run(...command: string[]): Promise<Outcome> {
    return this.runWithInput('', ...command);
  }

  async runWithInput(input: string | Buffer, ...command: string[]): Promise<Outcome> {
    const child = this.start(...command);
    let stdout = '';
    let stderr = '';
    child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.stdin?.on('error', () => undefined); // it does not read: its own affair
    child.stdin?.end(input);
    return new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code, signal) => resolve({ code: code ?? signal ?? '', stdout, stderr }));
    });
  }

  /** Runs a command that has to end well. @returns what it said */
  async must(...command: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.run(...command);
    if (code === 0) return stdout.trimEnd();
    throw new Error(`${command.join(' ')} ended with ${code}: ${stderr}${stdout}`);
  }

  /** A shell's line; whatever it says. For what a pipe or a redirection says best. --norc: bash takes us for rshd. */
  sh(line: string): Promise<Outcome> {
    return this.run('bash', '--norc', '-c', line);
  }

  /** A file of the lab, seen from here. An absolute symbolic link on the way would lead to our own files. */
  path(inside: string): string {
    return `/proc/${this.#init}/root${inside}`;
  }

  /** What `systemctl show` says of one property. */
  async show(unit: string, property: string): Promise<string> {
    return this.must('systemctl', 'show', '--value', '--property', property, unit);
  }

  /** Waits until a property of a unit is as wanted. */
  async until(unit: string, property: string, wanted: string | RegExp): Promise<string> {
    let last = '';
    const isWanted = (): boolean =>
      typeof wanted === 'string' ? last === wanted : wanted.test(last);
    return eventually(
      async () => {
        last = await this.show(unit, property);
        return isWanted() && last;
      },
      `${property} of ${unit} is ${String(wanted)}`,
    ).catch(async (error: unknown) => {
      const journal = await this.journal(unit);
      throw new Error(`${String(error)}; it is '${last}'. Its journal:\n${journal}`);
    });
  }

  /** What the journal has of a unit, or of all units that match a pattern: the messages alone. */
  async journal(unit: string): Promise<string> {
    await this.must('journalctl', '--sync');
    return this.must('journalctl', '--no-pager', '--quiet', '--output', 'cat', '--unit', unit);
  }

  /** Waits until the journal of a unit has the words. */
  async says(unit: string, words: string): Promise<string> {
    let last = '';
    return eventually(async () => {
      last = await this.journal(unit);
      return last.includes(words) && last;
    }, `'${words}' in the journal of ${unit}`).catch((error: unknown) => {
      throw new Error(`${String(error)}. Its journal:\n${last}`);
    });
  }

  /** A cable to another lab: each of both machines has one address. */
  connect(other: Lab, address: string, otherAddress: string): void {
    const ip = (lab: Lab, ...args: string[]): void => {
      execFileSync('nsenter', ['-t', String(lab.#init), '-n', 'ip', ...args]);
    };
    const [here, there] = [String(this.#init), String(other.#init)];
    const end = ['type', 'veth', 'peer', 'name', 'cable', 'netns', there];
    execFileSync('ip', ['link', 'add', 'name', 'cable', 'netns', here, ...end]);
    for (const [lab, at] of [[this, address] as const, [other, otherAddress] as const]) {
      ip(lab, 'address', 'add', `${at}/24`, 'dev', 'cable');
      ip(lab, 'link', 'set', 'cable', 'up');
    }
  }

  async close(): Promise<void> {
    this.#child.stdin?.end();
    await this.#ended;
  }
}

/** The built programs, where the units expect them once `agent` and `receiver` are linked to them. */
export const builtPrograms = { from: `${root}dist`, to: '/usr/local/lib/picchanged' };

/** The files of the package, from which `install` sets up services. @param folder in the lab */
export function packageAt(folder: string): { from: string; to: string }[] {
  return ['dist', 'systemd', 'package.json'].map((name) => ({
    from: `${root}${name}`,
    to: `${folder}/${name}`,
  }));
}

/** Writes what verify finds as it is found, and ends the command by it. */
import { OperationalError } from '../../../shared/cli/errors.js';
import { type Finding, type FindingKind, findingText } from './findings.js';
import type { ProgressBar } from './progress-bar.js';
import type { CameraResult } from './verify-captures.js';
import { cameraJson, cameraText, findingJson, meaningsText } from './verify-text.js';

export class VerifyOutput {
  readonly #isJson: boolean;
  readonly #progress: ProgressBar | undefined;
  readonly #writeOut: (text: string) => void;
  readonly #kinds = new Set<FindingKind>();
  #cameras = 0;
  #faults = 0;
  #unreadable = 0;

  /** @param writeOut to standard output */
  constructor(
    isJson: boolean,
    progress: ProgressBar | undefined,
    writeOut: (text: string) => void,
  ) {
    this.#isJson = isJson;
    this.#progress = progress;
    this.#writeOut = writeOut;
  }

  finding(finding: Finding): void {
    this.#kinds.add(finding.kind);
    this.#write(`${this.#isJson ? JSON.stringify(findingJson(finding)) : findingText(finding)}\n`);
  }

  camera(result: CameraResult): void {
    this.#cameras += 1;
    this.#faults += result.faults;
    this.#unreadable += result.unreadable;
    this.#write(this.#isJson ? `${JSON.stringify(cameraJson(result))}\n` : cameraText(result));
  }

  /** @param text for people */
  say(text: string): void {
    if (!this.#isJson) this.#write(text);
  }

  /** @throws {OperationalError} VERIFY: there are faults; UNREADABLE: something could not be read */
  end(path: string): void {
    this.say(meaningsText(this.#kinds));
    if (this.#cameras === 0) this.say(`no camera has sent anything to ${path} yet\n`);
    if (this.#faults > 0) {
      const findings = `${this.#faults} ${this.#faults === 1 ? 'finding' : 'findings'}`;
      throw new OperationalError('VERIFY', `${findings} in ${path}`, {
        hint: 'keep a copy of it as it is; docs/verify.md explains each finding',
      });
    }
    if (this.#unreadable > 0) {
      const text = `${this.#unreadable} files or folders in ${path} cannot be checked`;
      throw new OperationalError('UNREADABLE', text, {
        hint: "run it as the receiver's user or with sudo",
      });
    }
  }

  #write(text: string): void {
    this.#progress?.clear();
    if (text !== '') this.#writeOut(text);
  }
}

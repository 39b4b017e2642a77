/** Adapts the shipped unit files to an installation: program paths, settings file, systemd instance. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PlannedFile } from './plan.js';
import type { Package } from './program-files.js';
import type { Scope } from './scope.js';
import { forUserInstance, withCommandWords, withoutSpecifiers } from './unit-file.js';

export interface Fitting {
  readonly package: Package;
  readonly scope: Scope;
  /** Replacements for words of the units' command lines, already quoted. */
  readonly words: ReadonlyMap<string, string>;
}

/** Reads a shipped unit and adapts it. @throws a system error: the package is incomplete */
export async function fittedUnit(name: string, fitting: Fitting): Promise<string> {
  const { scope, words } = fitting;
  const text = await readFile(join(fitting.package.root, 'systemd', name), 'utf8');
  const fitted = withCommandWords(text, words).replaceAll(
    /^(EnvironmentFile=-?)\/etc\/picchanged\//gm,
    (_, key: string) => `${key}${withoutSpecifiers(scope.settingsFolder)}/`,
  );
  return scope.isUser ? forUserInstance(fitted) : fitted;
}

export function unitFile(scope: Scope, name: string, text: string): PlannedFile {
  return { path: join(scope.unitFolder, name), content: { text }, mode: 0o644 };
}

/** The example of the settings file, beside the settings. */
export function exampleFile({ package: { root }, scope }: Fitting, program: string): PlannedFile {
  const name = `${program}.env.example`;
  const content = { copyOf: join(root, 'systemd', name) };
  return { path: join(scope.settingsFolder, name), content, mode: 0o644 };
}

/** Adapts the shipped unit files to an installation: program paths, settings file, systemd instance. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ifExists } from '../../files/if-exists.js';
import { dropInFor } from './drop-in.js';
import type { Manifest } from './manifest.js';
import { ownPackage } from './package-root.js';
import type { PlannedFile } from './plan.js';
import type { Package } from './program-files.js';
import type { Scope } from './scope.js';
import { forUserInstance, withCommandWords, withoutSpecifiers } from './unit-file.js';

/** Of install's own changes to a packaged unit. */
const dropInName = 'install.conf';

export interface Fitting {
  readonly package: Package;
  readonly scope: Scope;
  readonly program: 'agent' | 'receiver';
  /** The start of command lines, for the program's path in the shipped units. */
  readonly command: string;
  /** Replacements for other words of the units' command lines, already quoted. */
  readonly words: ReadonlyMap<string, string>;
}

/** Reads a shipped file and adapts it. @throws a system error: the package is incomplete */
export async function fittedText(name: string, fitting: Fitting): Promise<string> {
  const { scope, words, program, command } = fitting;
  const text = await readFile(join(fitting.package.root, 'systemd', name), 'utf8');
  const allWords = new Map([[`/usr/local/bin/${program}`, command], ...words]);
  const fitted = withCommandWords(text, allWords).replaceAll(
    /^(EnvironmentFile=-?)\/etc\/picchanged\//gm,
    (_, key: string) => `${key}${withoutSpecifiers(scope.settingsFolder)}/`,
  );
  return scope.isUser ? forUserInstance(fitted) : fitted;
}

/**
 * The files of a unit: the adapted unit; where the .deb has installed it, a drop-in with what differs, if anything.
 * @param change further changes of the adapted unit @throws a system error: the package is incomplete
 */
export async function unitFiles(
  name: string,
  fitting: Fitting,
  change = (text: string): string => text,
): Promise<readonly PlannedFile[]> {
  const { scope, program } = fitting;
  const wanted = change(await fittedText(name, fitting));
  if (scope.isUser || !fitting.package.isPackaged) return [fileInUnits(scope, name, wanted)];
  const shipped = await fittedText(name, { ...fitting, words: new Map() });
  const differing = dropInFor(shipped, wanted);
  if (differing === undefined) return [];
  const heading = `# Written by "${program} install". Put your own changes into another drop-in: systemctl edit ${name}\n`;
  return [fileInUnits(scope, dropInOf(name), heading + differing)];
}

/** A file in the folder of the units, such as a drop-in. */
export function fileInUnits(scope: Scope, name: string, text: string): PlannedFile {
  return { path: join(scope.unitFolder, name), content: { text }, mode: 0o644 };
}

const dropInOf = (unit: string): string => join(`${unit}.d`, dropInName);

/**
 * The text of an installed unit. Of one that the .deb brought it is the shipped text, followed by the drop-in of install;
 * also when the .deb is removed, and another install is to keep what was set.
 * @param manifest of the installation that has the unit @returns undefined: the file is gone
 */
export async function readInstalledUnit(
  scope: Scope,
  name: string,
  { files }: Manifest,
): Promise<string | undefined> {
  const read = (...path: string[]): Promise<string | undefined> =>
    ifExists(readFile(join(...path), 'utf8'));
  const own = join(scope.unitFolder, name);
  if (own in files || scope.isUser) return read(own);
  const shipped = await read(ownPackage().root, 'systemd', name);
  if (shipped === undefined) return undefined;
  const dropIn = await read(scope.unitFolder, dropInOf(name));
  return [shipped, dropIn ?? ''].join('\n');
}

/** The example of the settings file, beside the settings. */
export function exampleFile({ package: { root }, scope }: Fitting, program: string): PlannedFile {
  const name = `${program}.env.example`;
  const content = { copyOf: join(root, 'systemd', name) };
  return { path: join(scope.settingsFolder, name), content, mode: 0o644 };
}

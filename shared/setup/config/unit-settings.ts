/** The settings that the units of an installation make: flags of the command line, and Environment=. */
import { type OptionTable, readFlags, variableName } from '../../cli/option-table.js';
import { manifestPath, readManifest } from '../install/manifest.js';
import type { Scope } from '../install/scope.js';
import { readInstalledUnit } from '../install/shipped-units.js';
import { readSettings, readWords } from '../install/unit-file.js';

export interface UnitSetting {
  readonly variable: string;
  readonly value: string;
  /** Name of the unit. */
  readonly unit: string;
  /** A flag takes precedence over the settings file; a variable of the unit does not. */
  readonly isFlag: boolean;
}

/**
 * Of drop-ins, only that of install is read.
 * @returns of the first service that runs the program itself @throws {OperationalError} INSTALL
 */
export async function unitSettings(
  scope: Scope,
  program: 'agent' | 'receiver',
  table: OptionTable,
): Promise<readonly UnitSetting[]> {
  const manifest = await readManifest(manifestPath(scope, program));
  if (manifest === undefined) return [];
  for (const unit of manifest.units) {
    const name = unit.replace(/@\*(?:\.service)?$/, '@.service');
    if (!name.endsWith('.service')) continue;
    const text = (await readInstalledUnit(scope, name, manifest)) ?? '';
    const settings = settingsOfUnit(text, name, program, table);
    if (settings !== undefined) return settings;
  }
  return [];
}

/** @returns undefined: the unit runs another command of the program */
export function settingsOfUnit(
  text: string,
  unit: string,
  program: string,
  table: OptionTable,
): readonly UnitSetting[] | undefined {
  const words = readWords(readSettings(text, 'ExecStart')[0] ?? '');
  const start = words.findIndex((word) => new RegExp(`/${program}(?:\\.js)?$`).test(word));
  const argv = words.slice(start + 1);
  if (start < 0 || (argv[0] !== undefined && !argv[0].startsWith('-'))) return undefined;
  const { supplied } = readFlags({ name: program, table }, argv);
  const flags = [...supplied].map(([key, texts]) => ({
    variable: variableName(program, key),
    value: texts.join(' '),
    unit,
    isFlag: true,
  }));
  const variables = readSettings(text, 'Environment').map((assignment) => {
    const sign = assignment.indexOf('=');
    const [variable, value] = [assignment.slice(0, sign), assignment.slice(sign + 1)];
    return { variable, value, unit, isFlag: false };
  });
  return [...flags, ...variables];
}

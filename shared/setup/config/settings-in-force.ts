/** The settings that apply to a service, and where each comes from. Pure. */
import { type OptionTable, flagName, givenTexts, variableName } from '../../cli/option-table.js';
import { withoutPasswords } from '../../cli/without-passwords.js';
import { readAssignments } from '../install/environment-file.js';
import type { KnownSettings } from './check-settings.js';
import type { UnitSetting } from './unit-settings.js';

export interface SettingInForce {
  readonly variable: string;
  /** Empty: not set, and without a default. */
  readonly value: string;
  /** `--interval`, `/etc/picchanged/agent.env:3`, `picchanged.service`, `default`. */
  readonly from: string;
}

interface Sources {
  /** The values that were given, by key. */
  readonly flags: ReadonlyMap<string, readonly string[]>;
  readonly units: readonly UnitSetting[];
  readonly file: { readonly path: string; readonly text: string };
}

/** As the program takes them: a flag, else the settings file, else the unit's variable, else the default. */
export function settingsInForce(
  { program, tables: [table = {}], others }: KnownSettings,
  { flags, units, file }: Sources,
): readonly SettingInForce[] {
  const assignments = readAssignments(file.text);
  const fromUnit = (name: string, isFlag: boolean): SettingInForce[] =>
    units
      .filter((setting) => setting.variable === name && setting.isFlag === isFlag)
      .map(({ value, unit }) => ({ variable: name, value, from: unit }));
  const setting = (variable: string, given: readonly SettingInForce[], byDefault: string) => {
    const inFile = assignments.findLast(({ key }) => key === variable);
    const candidates = [
      ...given,
      ...fromUnit(variable, true),
      ...(inFile === undefined
        ? []
        : [{ variable, value: inFile.value, from: `${file.path}:${inFile.line}` }]),
      // A variable of the file, also an empty one, replaces the unit's.
      ...(inFile === undefined ? fromUnit(variable, false) : []),
    ];
    return candidates[0] ?? { variable, value: byDefault, from: 'default' };
  };
  return [
    ...settingKeys(table).map((key) => {
      const variable = variableName(program, key);
      const option = table[key];
      const texts = flags.get(key);
      const from = `--${flagName(key)}`;
      const given = texts === undefined ? [] : [{ variable, value: texts.join(' '), from }];
      const byDefault = option?.defaultText ?? (option?.metavar === undefined ? 'no' : '');
      const found = setting(variable, given, byDefault);
      const applying =
        option && givenTexts(option, option.isMany ? found.value.split(/\s+/) : [found.value]);
      return applying?.length === 0 ? { ...found, value: byDefault } : found;
    }),
    ...Object.keys(others).map((variable) => setting(variable, [], '')),
  ];
}

/** The options that are settings. */
export function settingKeys(table: OptionTable): readonly string[] {
  return Object.keys(table).filter((key) => key !== 'help' && key !== 'version');
}

/** A line for each setting, as a settings file has it, and where it comes from. */
export function inForceLines(settings: readonly SettingInForce[]): readonly string[] {
  const texts = settings.map(({ variable, value }) => `${variable}=${withoutPasswords(value)}`);
  // A long value does not move the others.
  const width = Math.max(0, ...texts.map((text) => text.length).filter((length) => length <= 48));
  return settings.map(({ from }, index) => `${texts[index]?.padEnd(width) ?? ''}  ${from}`);
}

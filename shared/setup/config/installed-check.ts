/** The check of an installed settings file, for install and for the doctors. Pure. */
import type { Environment } from '../../cli/command.js';
import { UsageError } from '../../cli/errors.js';
import { type Finding, finding } from '../doctor/finding.js';
import type { SettingChanges } from '../install/environment-file.js';
import type { InstalledSettings } from '../install/settings.js';
import { type KnownSettings, checkSettings, faultText } from './check-settings.js';

/**
 * For install, before it changes anything.
 * @param changes of this install, which may mend a fault @throws {UsageError} the file would still have one
 */
export function refuseFaults(
  { path, text }: Pick<InstalledSettings, 'path' | 'text'>,
  changes: SettingChanges,
  known: KnownSettings,
): void {
  const mended = new Set(Object.keys(changes));
  const problems = checkSettings(text, known).filter(({ variable }) => !mended.has(variable ?? ''));
  const fault = faultText(path, problems);
  if (fault === undefined) return;
  throw new UsageError(fault, {
    hint: 'nothing was changed: correct the file, then install again',
  });
}

export interface CheckedSettings {
  readonly finding: Finding | undefined;
  /** Without those that have a fault, so that the doctor can check the rest. */
  readonly variables: Environment;
}

/** For a doctor. */
export function checkInstalled(
  settings: InstalledSettings,
  known: KnownSettings,
  isUser: boolean,
): CheckedSettings {
  const { path, status, text, variables } = settings;
  const { program } = known;
  if (status === 'missing') return { finding: undefined, variables };
  if (status === 'hidden') {
    const message = `this user cannot read ${path}`;
    return {
      finding: finding('settings', 'warning', message, `sudo ${program} doctor`),
      variables,
    };
  }
  const problems = checkSettings(text, known);
  const fault = faultText(path, problems);
  if (fault === undefined) {
    return { finding: finding('settings', 'ok', `from ${path}; flags override them`), variables };
  }
  const faulty = problems.filter(({ level }) => level === 'fault').map(({ variable }) => variable);
  const valid = Object.entries(variables).filter(([name]) => !faulty.includes(name));
  const install = isUser ? `${program} install --user` : `sudo ${program} install`;
  const fix = `correct the file, then: ${install}`;
  return {
    finding: finding('settings', 'fault', fault, fix),
    variables: Object.fromEntries(valid),
  };
}

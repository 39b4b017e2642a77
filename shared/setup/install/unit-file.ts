/** Changes unit files line by line and keeps their comments (systemd.syntax(7)). Pure. */

/** Sets a key in a section: replaces an existing line, else inserts one at the start of the section. */
export function withSetting(text: string, section: string, key: string, value: string): string {
  const lines = text.split('\n');
  const start = lines.indexOf(`[${section}]`);
  if (start < 0) return `${text}\n[${section}]\n${key}=${value}\n`;
  const next = lines.findIndex((line, index) => index > start && line.startsWith('['));
  const end = next < 0 ? lines.length : next;
  const existing = lines.findIndex(
    (line, index) => index > start && index < end && line.startsWith(`${key}=`),
  );
  if (existing >= 0) lines[existing] = `${key}=${value}`;
  else lines.splice(start + 1, 0, `${key}=${value}`);
  return lines.join('\n');
}

/** The values of a key, in the order of the lines; an empty one takes back those before it. */
export function readSettings(text: string, key: string): readonly string[] {
  const values = text
    .split('\n')
    .filter((line) => line.startsWith(`${key}=`))
    .map((line) => line.slice(key.length + 1));
  return values.slice(values.lastIndexOf('') + 1);
}

/** Replaces whole words of the command lines (`ExecStart=` and the other `Exec…=`). The new words are quoted. */
export function withCommandWords(text: string, changes: ReadonlyMap<string, string>): string {
  return text.replaceAll(/^(Exec\w+=)(.*)$/gm, (_, key: string, words: string) => {
    const changed = words.split(' ').map((word) => changes.get(word) ?? word);
    return key + changed.join(' ');
  });
}

/** Quotes a word of a command line, so that systemd takes it literally. */
export function quoteWord(text: string): string {
  return quotePath(text).replaceAll('$', '$$$$');
}

/** The words of a command line that `quoteWord` has quoted, without quotes; specifiers other than `%%` stay. */
export function readWords(line: string): readonly string[] {
  const words = line.match(/(?:"(?:[^"\\]|\\.)*"|\S)+/g) ?? [];
  return words.map((word) =>
    (word.startsWith('"') ? word.slice(1, -1).replaceAll(/\\(.)/g, '$1') : word)
      .replaceAll('$$', '$')
      .replaceAll('%%', '%'),
  );
}

/** Quotes one path of a setting that takes several, as ReadWritePaths=. */
export function quotePath(text: string): string {
  const escaped = withoutSpecifiers(text);
  if (/^[\w./@%+,=-]+$/.test(escaped)) return escaped;
  return `"${escaped.replaceAll(/["\\]/g, '\\$&')}"`;
}

/** For a setting that takes one path, the rest of its line: only `%` is special there. */
export function withoutSpecifiers(text: string): string {
  return text.replaceAll('%', '%%');
}

/** Settings that a user's systemd instance supports; other sandbox settings need root or make the unit fail. */
const userSettings = new Set([
  ...['Type', 'NotifyAccess', 'Environment', 'EnvironmentFile', 'ExecStart', 'WatchdogSec'],
  ...['Restart', 'RestartSec', 'RestartPreventExitStatus', 'RuntimeDirectory'],
  ...['RuntimeDirectoryPreserve', 'RuntimeDirectoryMode', 'TimeoutStartSec', 'TimeoutStopSec'],
  ...['LogLevelMax', 'StandardInput', 'StandardOutput', 'StandardError', 'UMask', 'LimitCORE'],
  ...['MemoryMax', 'TasksMax', 'NoNewPrivileges', 'RestrictSUIDSGID', 'RestrictNamespaces'],
  ...['RestrictRealtime', 'LockPersonality', 'RestrictAddressFamilies'],
  ...['SystemCallArchitectures', 'SystemCallFilter', 'SystemCallErrorNumber'],
]);

/** The unit for systemd's user instance: without users and without settings of the system instance. */
export function forUserInstance(text: string): string {
  let section = '';
  const kept = text.split('\n').filter((line) => {
    section = /^\[(\w+)\]$/.exec(line)?.[1] ?? section;
    // Comments describe settings that are left out; only the title stays.
    if (line.startsWith('#')) return section === '';
    const key = line.split('=')[0] ?? '';
    if (section === 'Service') return line.startsWith('[') || line === '' || userSettings.has(key);
    if (section !== 'Unit') return true;
    return key !== 'RequiresMountsFor' && !line.endsWith('=network-online.target');
  });
  const unit = kept.join('\n').replace('WantedBy=multi-user.target', 'WantedBy=default.target');
  return unit.replaceAll(/\n{3,}/g, '\n\n');
}

/** Changes unit files, line by line, so that their comments stay (systemd.syntax(7)). Pure. */

/** Sets a key in a section: in its place where it stands there, else as the section's first line. */
export function withSetting(text: string, section: string, key: string, value: string): string {
  const lines = text.split('\n');
  const start = lines.indexOf(`[${section}]`);
  if (start < 0) return `${text}\n[${section}]\n${key}=${value}\n`;
  const rest = lines.findIndex((line, index) => index > start && line.startsWith('['));
  const end = rest < 0 ? lines.length : rest;
  const there = lines.findIndex(
    (line, index) => index > start && index < end && line.startsWith(`${key}=`),
  );
  if (there >= 0) lines[there] = `${key}=${value}`;
  else lines.splice(start + 1, 0, `${key}=${value}`);
  return lines.join('\n');
}

/** What a key is set to, in the order of the lines. */
export function readSettings(text: string, key: string): readonly string[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${key}=`))
    .map((line) => line.slice(key.length + 1));
}

/** Replaces whole words of the command lines, `ExecStart=` and its like. The new words are quoted already. */
export function withCommandWords(text: string, changes: ReadonlyMap<string, string>): string {
  return text.replaceAll(/^(Exec\w+=)(.*)$/gm, (_, key: string, words: string) => {
    const changed = words.split(' ').map((word) => changes.get(word) ?? word);
    return key + changed.join(' ');
  });
}

/** A word of a command line that systemd takes as it stands here. */
export function quoteWord(text: string): string {
  return quotePath(text).replaceAll('$', '$$$$');
}

/** One path of a setting that takes several, as ReadWritePaths= does. */
export function quotePath(text: string): string {
  const escaped = withoutSpecifiers(text);
  if (/^[\w./@%+,=-]+$/.test(escaped)) return escaped;
  return `"${escaped.replaceAll(/["\\]/g, '\\$&')}"`;
}

/** A setting that takes one path takes the rest of its line; only `%` means something. */
export function withoutSpecifiers(text: string): string {
  return text.replaceAll('%', '%%');
}

/** What a user's own systemd can do; the rest of the sandbox needs root, or fails without. */
const userSettings = new Set([
  ...['Type', 'NotifyAccess', 'Environment', 'EnvironmentFile', 'ExecStart', 'WatchdogSec'],
  ...['Restart', 'RestartSec', 'RestartPreventExitStatus', 'RuntimeDirectory'],
  ...['RuntimeDirectoryPreserve', 'RuntimeDirectoryMode', 'TimeoutStartSec', 'TimeoutStopSec'],
  ...['LogLevelMax', 'StandardInput', 'StandardOutput', 'StandardError', 'UMask', 'LimitCORE'],
  ...['MemoryMax', 'TasksMax', 'NoNewPrivileges', 'RestrictSUIDSGID', 'RestrictNamespaces'],
  ...['RestrictRealtime', 'LockPersonality', 'RestrictAddressFamilies'],
  ...['SystemCallArchitectures', 'SystemCallFilter', 'SystemCallErrorNumber'],
]);

/** The unit for systemd's user instance: without users, without what only the system has. */
export function forUserInstance(text: string): string {
  let section = '';
  const kept = text.split('\n').filter((line, index) => {
    section = /^\[(\w+)\]$/.exec(line)?.[1] ?? section;
    // Comments speak of what is left out; the first line says what it is.
    if (line.startsWith('#')) return index === 0;
    const key = line.split('=')[0] ?? '';
    if (section === 'Service') return line.startsWith('[') || line === '' || userSettings.has(key);
    if (section !== 'Unit') return true;
    return key !== 'RequiresMountsFor' && !line.endsWith('=network-online.target');
  });
  const unit = kept.join('\n').replace('WantedBy=multi-user.target', 'WantedBy=default.target');
  return unit.replaceAll(/\n{3,}/g, '\n\n');
}

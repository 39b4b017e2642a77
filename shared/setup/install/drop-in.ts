/**
 * The drop-in that changes a unit which a package has installed into the unit that install wants (systemd.unit(5)).
 * So an update of the package updates the unit. Pure.
 */

/** Values by section and key, in the order of the lines. */
type Sections = Map<string, Map<string, string[]>>;

function readSections(text: string): Sections {
  const sections: Sections = new Map();
  let keys = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const name = /^\[(\w+)\]$/.exec(line)?.[1];
    if (name !== undefined) {
      keys = sections.get(name) ?? new Map<string, string[]>();
      sections.set(name, keys);
    }
    const [, key, value = ''] = /^(\w+)=(.*)$/.exec(line) ?? [];
    if (key !== undefined) keys.set(key, [...(keys.get(key) ?? []), value]);
  }
  return sections;
}

/** Dependencies are added to those of the unit, and cannot be taken back. */
const isAdded = (key: string): boolean => key === 'RequiresMountsFor';

/** An empty value of one takes all of them back (systemd.timer(5)). */
const isTrigger = (key: string): boolean => /^On(?:\w+Sec|Calendar)$/.test(key);

/** Has one value, which the last line gives: of some of them, systemd logs that it cannot read an empty one. */
const isSingle = (key: string): boolean => /^(?:User|UMask|(?:Protect|Private)\w+)$/.test(key);

/**
 * The settings of a drop-in. Both texts have the same sections.
 * @returns undefined: the units have the same settings
 */
export function dropInFor(shipped: string, wanted: string): string | undefined {
  const from = readSections(shipped);
  const parts: string[] = [];
  for (const [section, keys] of readSections(wanted)) {
    const before = from.get(section) ?? new Map<string, string[]>();
    const isSame = (key: string): boolean =>
      JSON.stringify(before.get(key)) === JSON.stringify(keys.get(key));
    const all = new Set([...before.keys(), ...keys.keys()]);
    const changed = new Set([...all].filter((key) => !isSame(key)));
    if ([...changed].some(isTrigger)) for (const key of all) if (isTrigger(key)) changed.add(key);
    const isTakenBack = (key: string): boolean =>
      before.has(key) && !isAdded(key) && !isTrigger(key) && !(isSingle(key) && keys.has(key));
    const lines = [...changed].flatMap((key) => [
      ...(isTakenBack(key) ? [`${key}=`] : []),
      ...(keys.get(key) ?? []).map((value) => `${key}=${value}`),
    ]);
    const trigger = [...changed].find(isTrigger);
    if (trigger !== undefined) lines.unshift(`${trigger}=`);
    if (lines.length > 0) parts.push([`[${section}]`, ...lines, ''].join('\n'));
  }
  return parts.length === 0 ? undefined : parts.join('\n');
}

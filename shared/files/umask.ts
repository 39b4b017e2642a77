/** The modes of files that a program makes when it is run by hand: units set the same with `UMask=`. */

/**
 * From now on new files and folders lack the bits of `mask`, and those that whoever started the program has
 * taken away already. Existing ones keep their modes; programs that this one starts inherit it.
 */
export function restrictNewFiles(mask: number): void {
  const inherited = process.umask(mask);
  process.umask(inherited | mask);
}

/** Modes of the files that a program creates when it is run by hand; the units set the same with `UMask=`. */

/**
 * Adds the bits of `mask` to the inherited umask. Existing files keep their modes; started programs inherit the mask.
 */
export function restrictNewFiles(mask: number): void {
  const inherited = process.umask(mask);
  process.umask(inherited | mask);
}

/**
 * A time zone in which it is between noon and one o'clock: for tests that count what is of today, so that no midnight comes
 * between.
 */
export function middayZone(): string {
  const eastHours = 12 - new Date().getUTCHours();
  // In these names, as in POSIX, west is positive.
  return `Etc/GMT${eastHours > 0 ? '-' : '+'}${Math.abs(eastHours)}`;
}

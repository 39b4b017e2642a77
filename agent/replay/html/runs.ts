/** Runs of cells with one label, as the page gets them. Pure. */

/** Start, length and value of each run of a value that is not 0. */
export function runsOf(values: Uint8Array): number[] {
  const runs: number[] = [];
  for (let start = 0; start < values.length;) {
    const value = values[start] ?? 0;
    let end = start + 1;
    while (values[end] === value) end += 1;
    if (value !== 0) runs.push(start, end - start, value);
    start = end;
  }
  return runs;
}

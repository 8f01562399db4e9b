/** Whether runs are as long as for the record (`CLUSTER_RUNS=full`), or short, to see that things work. */
export const isFull = process.env['CLUSTER_RUNS'] === 'full';

/** Sizes of a run: the first to see that it works, the second for the record. */
export const sized = (short: number, full: number): number => (isFull ? full : short);

/** Tells figures of a run, on a line of their own. */
export function tell(what: string, figures: Readonly<Record<string, unknown>>): void {
  process.stdout.write(`${what}: ${JSON.stringify(figures)}\n`);
}

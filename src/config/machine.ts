import { availableParallelism, totalmem } from 'node:os';

/** What the process may use. */
export interface Machine {
  /** At least 1. */
  readonly cores: number;
  /** Bytes of the machine, or of the container where that has less. */
  readonly memoryBytes: number;
}

/** Asks the operating system. */
export function readMachine(): Machine {
  // Without a container's limit this is 0, or a number far above any memory.
  const constrained = process.constrainedMemory();
  const total = totalmem();
  return {
    cores: Math.max(1, availableParallelism()),
    memoryBytes: constrained > 0 ? Math.min(constrained, total) : total,
  };
}

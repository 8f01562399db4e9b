import { statfsSync } from 'node:fs';
import type { Clock } from '../base/clock.ts';
import { pause } from '../base/clock.ts';
import type { Service } from '../base/service.ts';
import type { WriteGate } from '../database/write-gate.ts';

export interface ResourceMonitorOptions {
  readonly gate: WriteGate;
  readonly clock: Clock;
  readonly dataDirectory: string;
  readonly memoryLimitBytes: number;
  readonly diskFreeBytesMin: number;
  /** Told of each reading. */
  readonly onReading: (reading: {
    readonly memoryBytes: number;
    readonly diskFreeBytes: number | undefined;
  }) => void;
}

const INTERVAL_MS = 1_000;

/** Reads memory and disk once a second and closes the write gate while one of them is short. */
export function resourceMonitor(options: ResourceMonitorOptions): Service {
  const read = (): void => {
    const memoryBytes = process.memoryUsage.rss();
    const diskFreeBytes = freeBytes(options.dataDirectory);
    const { memoryLimitBytes, diskFreeBytesMin } = options;
    options.gate.update({ memoryBytes, memoryLimitBytes, diskFreeBytes, diskFreeBytesMin });
    options.onReading({ memoryBytes, diskFreeBytes });
  };
  return {
    name: 'resource monitor',
    async run(signal) {
      while (!signal.aborted) {
        read();
        await pause(options.clock, INTERVAL_MS, signal);
      }
    },
  };
}

function freeBytes(path: string): number | undefined {
  try {
    const { bavail, bsize } = statfsSync(path);
    return bavail * bsize;
  } catch {
    return undefined;
  }
}

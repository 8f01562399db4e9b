import type { Config } from './config-schema.ts';

/** Settings that were given and that this version cannot honour, each as one sentence; the server refuses to start while there are any. */
export function unservedSettings(config: Config): readonly string[] {
  const unserved: string[] = [];
  if (config.cluster.enabled) {
    unserved.push('cluster.enabled: this version runs as a single node only; set it to false.');
  }
  return unserved;
}

import type { Configuration } from '../core/configuration.ts';
import { VectorDbError } from '../../base/error.ts';

/** Key of the row that holds the group's configuration as of the applied entry. */
export const CONFIGURATION_KEY = 'configuration';

const VERSION = 1;
const LISTS = ['voters', 'outgoing', 'learners', 'learnersNext'] as const;

/** Of a replica that waits for its first snapshot: it knows nobody, and decides nothing. */
export const EMPTY_CONFIGURATION: Configuration = {
  voters: [],
  outgoing: [],
  learners: [],
  learnersNext: [],
  autoLeave: false,
};

/** A configuration as the value of its row: JSON, its fields in one order, so that equal ones are equal bytes. */
export function encodeConfigurationRow(configuration: Configuration): Uint8Array {
  const { voters, outgoing, learners, learnersNext, autoLeave } = configuration;
  const row = { version: VERSION, voters, outgoing, learners, learnersNext, autoLeave };
  return new TextEncoder().encode(JSON.stringify(row));
}

/**
 * The configuration of {@link encodeConfigurationRow}; the empty one where there is no row.
 *
 * @throws {VectorDbError} DATA_CORRUPT
 */
export function decodeConfigurationRow(row: Uint8Array | undefined): Configuration {
  if (row === undefined) return EMPTY_CONFIGURATION;
  try {
    const { version, ...configuration } = JSON.parse(new TextDecoder().decode(row)) as {
      version: number;
    } & Configuration;
    const isSound =
      version === VERSION &&
      typeof configuration.autoLeave === 'boolean' &&
      LISTS.every((list) => configuration[list].every((replica) => Number.isSafeInteger(replica)));
    if (isSound) return configuration;
  } catch {
    // Not JSON, or not of this form: the same error as below.
  }
  throw new VectorDbError('DATA_CORRUPT', 'the row of the configuration cannot be read');
}

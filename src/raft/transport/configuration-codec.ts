import { assert } from '../../base/assert.ts';
import type { Configuration, ReplicaId } from '../core/configuration.ts';
import { type ByteReader, malformed } from './byte-reader.ts';
import { type ByteWriter, INTEGER_BYTES_MAX } from './byte-writer.ts';

const LISTS = ['voters', 'outgoing', 'learners', 'learnersNext'] as const;

/** A bound of the bytes that {@link writeConfiguration} writes. */
export function configurationBytesMax(configuration: Configuration): number {
  const numbers = LISTS.reduce((sum, list) => sum + 1 + configuration[list].length, 0);
  return numbers * INTEGER_BYTES_MAX + 1;
}

/** Four ascending lists, each as its count and the distance of each replica from the one before (of the first from 0), then whether it leaves by itself. */
export function writeConfiguration(writer: ByteWriter, configuration: Configuration): void {
  for (const list of LISTS) {
    writer.integer(configuration[list].length);
    let previous = 0;
    for (const replica of configuration[list]) {
      assert(replica > previous, 'the replicas of a configuration do not ascend');
      writer.integer(replica - previous);
      previous = replica;
    }
  }
  writer.flag(configuration.autoLeave);
}

/** What {@link writeConfiguration} wrote. @throws {VectorDbError} DATA_CORRUPT */
export function readConfiguration(reader: ByteReader): Configuration {
  return {
    voters: readReplicas(reader),
    outgoing: readReplicas(reader),
    learners: readReplicas(reader),
    learnersNext: readReplicas(reader),
    autoLeave: reader.flag(),
  };
}

function readReplicas(reader: ByteReader): readonly ReplicaId[] {
  const count = reader.integer();
  // Each takes a byte at least, so a count that is no count ends with the bytes.
  if (count > reader.remaining) throw malformed('it is cut short');
  const replicas: ReplicaId[] = [];
  let previous = 0;
  for (let index = 0; index < count; index += 1) {
    const distance = reader.integer();
    previous += distance;
    if (distance === 0 || !Number.isSafeInteger(previous)) {
      throw malformed('the replicas of a configuration do not ascend');
    }
    replicas.push(previous);
  }
  return replicas;
}

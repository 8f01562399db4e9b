import type { Consistency } from '../../database/vector-database.ts';
import { invalidField } from '../request-checks.ts';
import { RequestedRead } from '../requested-read.ts';
import type * as wire from './generated/messages.ts';

const CONSISTENCY_OF: Readonly<Record<string, Consistency>> = {
  CONSISTENCY_UNSPECIFIED: 'linearizable',
  CONSISTENCY_LINEARIZABLE: 'linearizable',
  CONSISTENCY_LOCAL: 'local',
};

/** How a message asks to be read. @throws {VectorDbError} INVALID_ARGUMENT */
export function readRequestedRead(
  message: {
    readonly consistency?: wire.Consistency | undefined;
    readonly allowPartial?: boolean | undefined;
  },
  signal: AbortSignal,
): RequestedRead {
  const { consistency: given = 'CONSISTENCY_UNSPECIFIED', allowPartial } = message;
  const consistency = CONSISTENCY_OF[given];
  if (consistency === undefined) throw invalidField('consistency', 'is not known');
  return new RequestedRead({ consistency, allowPartial, signal });
}

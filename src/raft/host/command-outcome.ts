import { VectorDbError } from '../../base/error.ts';
import type { Configuration } from '../core/configuration.ts';
import type { LogIndex } from '../core/entry.ts';
import type { GroupId } from '../log/log-storage.ts';

/** What an applied entry came to: the same on every replica. */
export type CommandOutcome =
  | { readonly kind: 'result'; readonly result: Uint8Array }
  | { readonly kind: 'sessionOpened'; readonly session: number }
  | { readonly kind: 'sessionClosed' }
  /** The command was not applied: its session, or the answer it asks for, is not known any more. */
  | { readonly kind: 'sessionExpired' }
  /** The command was not applied: too many of its session's answers are not acknowledged. */
  | { readonly kind: 'sessionFull' }
  | { readonly kind: 'configuration'; readonly configuration: Configuration }
  | { readonly kind: 'digest'; readonly index: LogIndex; readonly digest: string }
  /** A leader's first entry, or one that this version cannot read. */
  | { readonly kind: 'nothing' };

/**
 * The result of a command.
 *
 * @throws {VectorDbError} SESSION_EXPIRED, LIMIT_EXCEEDED; FAILED_PRECONDITION where replicas of this version cannot read it
 */
export function resultOf(group: GroupId, outcome: CommandOutcome): Uint8Array {
  if (outcome.kind === 'result') return outcome.result;
  if (outcome.kind === 'sessionExpired') {
    throw new VectorDbError('SESSION_EXPIRED', `group ${group} does not know the session`);
  }
  if (outcome.kind === 'sessionFull') {
    const text = `group ${group}: too many answers of the session are not acknowledged`;
    throw new VectorDbError('LIMIT_EXCEEDED', text);
  }
  throw new VectorDbError('FAILED_PRECONDITION', `group ${group} could not read the command`);
}

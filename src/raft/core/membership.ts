import { assert } from '../../base/assert.ts';
import type { Configuration, ConfigurationChange } from './configuration.ts';
import { changedConfiguration, isJoint, isVoter } from './configuration-change.ts';
import { encodeConfigurationChange } from './configuration-change-codec.ts';
import type { EntryId } from './entry.ts';
import type { Leadership } from './leadership.ts';
import type { ProposalRefusal } from './proposal-refusal.ts';
import { confirmedRound } from './reading.ts';
import type { Replica } from './replica.ts';
import { appendOwn, commitByQuorum } from './replication.ts';

const LEAVE: ConfigurationChange = { steps: [], leave: 'auto', context: new Uint8Array() };

/** A leader proposes a change that fits the configuration, when none is under way and it committed and applied something of its term (traps 3, 4). */
export function proposeChange(
  replica: Replica,
  leadership: Leadership,
  change: ConfigurationChange,
): EntryId | ProposalRefusal {
  if (leadership.configurationIndex > replica.log.applied) {
    return { refused: 'configurationPending' };
  }
  const changed = changedConfiguration(replica.configuration, change);
  if ('invalid' in changed) return { refused: 'invalidConfiguration', reason: changed.invalid };
  return appendChange(replica, leadership, change);
}

function appendChange(
  replica: Replica,
  leadership: Leadership,
  change: ConfigurationChange,
): EntryId {
  const data = encodeConfigurationChange(change);
  const id = appendOwn(replica, leadership, 'configuration', data);
  leadership.configurationIndex = id.index;
  return id;
}

/** A committed change takes effect, now that it is applied (trap 5). It fitted when it was proposed, and nothing else changed since. */
export function applyChange(replica: Replica, change: ConfigurationChange): Configuration {
  const changed = changedConfiguration(replica.configuration, change);
  assert(!('invalid' in changed), 'a committed change fits the configuration');
  useConfiguration(replica, changed);
  return changed;
}

/** Another configuration is in force. */
export function useConfiguration(replica: Replica, configuration: Configuration): void {
  replica.configuration = configuration;
  const { leadership } = replica;
  if (leadership === undefined) return;
  // Who is new counts as active, so that the change alone does not cost the leader its quorum.
  leadership.follow(configuration, replica.log.lastIndex, true);
  const { transfer } = leadership;
  if (transfer !== undefined && !configuration.voters.includes(transfer.to)) {
    leadership.transfer = undefined;
  }
  if (!isVoter(configuration, replica.id) && leadership.farewell === undefined) {
    leadership.farewell = {
      index: leadership.configurationIndex,
      round: leadership.reads.nextRound(),
    };
    leadership.transfer = undefined;
  }
  // Fewer may be needed now.
  commitByQuorum(replica, leadership);
}

/** Leaves a joint configuration that wants it, once it is applied; not while leadership is handed over, since that entry would have to arrive first. */
export function leaveJointIfDue(replica: Replica, leadership: Leadership): void {
  const { configuration, log } = replica;
  const isApplied = leadership.configurationIndex <= log.applied;
  if (!configuration.autoLeave || !isJoint(configuration)) return;
  if (isApplied && leadership.transfer === undefined) appendChange(replica, leadership, LEAVE);
}

/**
 * A leader that is no voter any more steps down when a quorum of those that are knows that its removal is committed: if it went at once and its word was
 * lost, they could need its vote (thesis 4.2.2, trap 6).
 */
export function sayFarewell(replica: Replica, leadership: Leadership): void {
  const { farewell } = leadership;
  if (farewell === undefined || confirmedRound(replica, leadership) < farewell.round) return;
  replica.becomeFollower(replica.term, 0);
}

import { must } from '../../src/base/assert.ts';
import { configurationOf } from '../../src/raft/core/configuration.ts';
import { LOG_START, type Entry, type EntryId } from '../../src/raft/core/entry.ts';
import type { CommandWords } from './command-words.ts';
import type { ScenarioCluster } from './scenario-cluster.ts';
import { ScenarioNode, type ScenarioLimits } from './scenario-node.ts';
import { showStatus } from './show-status.ts';

/** A group begins behind its birth, which counts as a snapshot of its first configuration. */
const BIRTH: EntryId = { term: 1, index: 1 };

/**
 * `add-nodes 3 voters=1,2,3 learners=4 log=2@1,3@2 term=2 vote=1 commit=2 election=3 …`: the next ids. Without voters they wait for their first snapshot.
 * The data of entries that are given is their id.
 */
export function addNodes(cluster: ScenarioCluster, words: CommandWords): void {
  const count = words.number();
  const voters = words.settingNumbers('voters');
  const configuration = configurationOf(voters ?? [], words.settingNumbers('learners'));
  const last = voters === undefined ? LOG_START : BIRTH;
  const entries = (words.setting('log') ?? '').split(',').filter(Boolean).map(parseEntry);
  const term = words.settingNumber('term') ?? entries.at(-1)?.term ?? last.term;
  const vote = words.settingNumber('vote') ?? 0;
  const commit = words.settingNumber('commit') ?? last.index;
  const limits = limitsOf(words);
  for (let left = count; left > 0; left--) {
    const replica = cluster.nodes.size + 1;
    const state = { last, configuration, commands: [] };
    const hardState = { term, vote, commit };
    const node = new ScenarioNode({ replica, limits, state, hardState, entries });
    cluster.nodes.set(replica, node);
    node.start();
    cluster.say(showStatus(must(node.node, 'a node that runs').status()));
  }
}

function parseEntry(word: string): Entry {
  const [index = 0, term = 0] = word.split('@').map(Number);
  return { index, term, kind: 'command', data: new TextEncoder().encode(word) };
}

function limitsOf(words: CommandWords): ScenarioLimits {
  return {
    electionTicks: words.settingNumber('election') ?? 3,
    heartbeatTicks: words.settingNumber('heartbeat') ?? 1,
    appendBytesMax: words.settingNumber('append-bytes') ?? 1000,
    appendEntriesMax: words.settingNumber('append-entries') ?? 100,
    inflightMessagesMax: words.settingNumber('inflight') ?? 10,
    inflightBytesMax: words.settingNumber('inflight-bytes') ?? 10_000,
    uncommittedBytesMax: words.settingNumber('uncommitted-bytes') ?? 10_000,
    applyingBytesMax: words.settingNumber('applying-bytes') ?? 10_000,
    pendingReadsMax: words.settingNumber('reads') ?? 10,
  };
}

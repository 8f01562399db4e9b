import { must } from '../../src/base/assert.ts';
import type { ReplicaId } from '../../src/raft/core/configuration.ts';
import type { EntryId } from '../../src/raft/core/entry.ts';
import type { Message } from '../../src/raft/core/message.ts';
import type { ProposalRefusal } from '../../src/raft/core/proposal-refusal.ts';
import { addNodes } from './add-nodes.ts';
import { CommandWords } from './command-words.ts';
import { parseChange } from './parse-change.ts';
import type { MessageFilter, ScenarioCluster } from './scenario-cluster.ts';
import { showEntries, showId, showMessage } from './show-message.ts';
import { showProgress, showStatus } from './show-status.ts';

const QUIETLY = 'quietly ';

type Command = (cluster: ScenarioCluster, words: CommandWords) => void;

/** Runs a command; the lines that it shows. `quietly` before it: none, where the way to the matter is the same as elsewhere. */
export function runCommand(cluster: ScenarioCluster, command: string): readonly string[] {
  if (command.startsWith(QUIETLY)) {
    runCommand(cluster, command.slice(QUIETLY.length));
    return [];
  }
  const words = new CommandWords(command);
  const run = must(COMMANDS[words.name], `a command ${words.name}`);
  run(cluster, words);
  words.end();
  return cluster.takeLines();
}

/** What came of a proposal: the entry's id, or why there is none. */
function sayProposal(cluster: ScenarioCluster, result: EntryId | ProposalRefusal): void {
  if ('index' in result) cluster.say(showId(result));
  else cluster.say('reason' in result ? `refused: ${result.reason}` : `refused: ${result.refused}`);
}

function sayRefusal(cluster: ScenarioCluster, refusal: string | undefined): void {
  if (refusal !== undefined) cluster.say(`refused: ${refusal}`);
}

/** Which messages, and how many of them at most. */
function filterOf(cluster: ScenarioCluster, words: CommandWords): [MessageFilter, number] {
  const filter = {
    from: words.settingNumbers('from'),
    to: words.settingNumbers('to'),
    kinds: words.setting('kind')?.split(','),
  };
  return [filter, words.settingNumber('count') ?? cluster.messages.length];
}

function sayMessages(cluster: ScenarioCluster, messages: readonly Message[]): void {
  if (messages.length === 0) cluster.say('no messages');
  for (const message of messages) cluster.say(showMessage(message));
}

/** `x*100` is a hundred times x. */
function dataOf(word: string): Uint8Array {
  const [, text = word, times = '1'] = /^(.*)\*(\d+)$/.exec(word) ?? [];
  return new TextEncoder().encode(text.repeat(Number(times)));
}

const replicasOf = (cluster: ScenarioCluster, words: CommandWords): readonly ReplicaId[] => {
  const named = words.rest().flatMap((word) => word.split(',').map(Number));
  return named.length > 0 ? named : [...cluster.nodes.keys()];
};

/** What is said to a replica's core. */
const CORE_COMMANDS: Readonly<Record<string, Command>> = {
  campaign: (cluster, words) => cluster.tell(words.number(), (node) => node.campaign()),
  propose: (cluster, words) =>
    cluster.tell(words.number(), (node) => {
      for (const word of words.rest()) sayProposal(cluster, node.propose(dataOf(word)));
    }),
  'propose-change': (cluster, words) =>
    cluster.tell(words.number(), (node) => {
      sayProposal(cluster, node.proposeConfiguration(parseChange(words)));
    }),
  tick: (cluster, words) =>
    cluster.tell(words.number(), (node) => {
      for (let left = words.maybeNumber() ?? 1; left > 0; left--) node.tick();
    }),
  'tick-heartbeat': (cluster, words) => {
    const replica = words.number();
    cluster.tell(replica, (node) => {
      for (let left = cluster.node(replica).limits.heartbeatTicks; left > 0; left--) node.tick();
    });
  },
  transfer: (cluster, words) =>
    cluster.tell(words.number(), (node) => {
      sayRefusal(cluster, node.transferLeadership(words.number()));
    }),
  'read-index': (cluster, words) =>
    cluster.tell(words.number(), (node) => {
      for (const word of words.rest()) sayRefusal(cluster, node.readIndex(Number(word)));
    }),
  'forget-leader': (cluster, words) => cluster.tell(words.number(), (node) => node.forgetLeader()),
  'suspect-leader': (cluster, words) =>
    cluster.tell(words.number(), (node) => node.suspectLeader()),
  'report-unreachable': (cluster, words) =>
    cluster.tell(words.number(), (node) => node.reportUnreachable(words.number())),
  'report-snapshot': (cluster, words) =>
    cluster.tell(words.number(), (node) => {
      const to = words.number();
      const outcome = words.word() === 'failed' ? 'failed' : 'finished';
      node.reportSnapshot(to, outcome, words.number());
    }),
};

/** What a host does. */
const HOST_COMMANDS: Readonly<Record<string, Command>> = {
  'add-nodes': addNodes,
  'election-timeout': (cluster, words) => {
    cluster.node(words.number()).electionTimeout = words.number();
  },
  ready: (cluster, words) => cluster.ready(words.number()),
  persist: (cluster, words) => {
    const lies = words.flag('lying');
    cluster.persist(words.number(), words.maybeNumber(), lies);
  },
  apply: (cluster, words) => cluster.apply(words.number(), words.maybeNumber() ?? Infinity),
  compact: (cluster, words) => cluster.node(words.number()).compact(words.number()),
  'send-snapshot': (cluster, words) => cluster.sendSnapshot(words.number(), words.number()),
  stop: (cluster, words) => cluster.node(words.number()).stop(!words.flag('lose-unsynced')),
  restart: (cluster, words) => {
    const node = cluster.node(words.number());
    node.stop(!words.flag('lose-unsynced'));
    node.start();
    cluster.say(showStatus(must(node.node, 'a node that runs').status()));
  },
  stabilize: (cluster, words) => cluster.stabilize(replicasOf(cluster, words)),
};

/** What the network does. */
const NETWORK_COMMANDS: Readonly<Record<string, Command>> = {
  deliver: (cluster, words) => cluster.deliver(...filterOf(cluster, words)),
  drop: (cluster, words) => {
    sayMessages(cluster, cluster.takeMessages(...filterOf(cluster, words)));
  },
  // The copies come after everything that is under way.
  copy: (cluster, words) => {
    const all = [...cluster.messages];
    const copies = cluster.takeMessages(...filterOf(cluster, words));
    cluster.messages = [...all, ...copies];
    sayMessages(cluster, copies);
  },
  // They come after everything that is under way.
  delay: (cluster, words) => {
    const taken = cluster.takeMessages(...filterOf(cluster, words));
    cluster.messages.push(...taken);
    sayMessages(cluster, taken);
  },
  messages: (cluster) => sayMessages(cluster, cluster.messages),
};

/** What is shown of a replica. */
const SHOW_COMMANDS: Readonly<Record<string, Command>> = {
  log: (cluster, words) => {
    const { log, writing } = cluster.node(words.number());
    const under = writing.some(({ isEmpty }) => !isEmpty) ? ' (being written)' : '';
    cluster.say(`after ${showId(log.compacted)}: ${showEntries(log.all) || 'nothing'}${under}`);
  },
  state: (cluster, words) => {
    const { last, commands } = cluster.node(words.number()).state;
    cluster.say(`at ${showId(last)}: ${commands.join(' ') || 'nothing'}`);
  },
  status: (cluster, words) => {
    const node = must(cluster.node(words.number()).node, 'a node that runs');
    cluster.say(showStatus(node.status()));
    for (const peer of node.status().progress) cluster.say(`  ${showProgress(peer)}`);
  },
  'raft-state': (cluster) => {
    for (const { replica, node } of cluster.nodes.values()) {
      cluster.say(node === undefined ? `${replica} is down` : showStatus(node.status()));
    }
  },
};

const COMMANDS: Readonly<Record<string, Command>> = {
  ...CORE_COMMANDS,
  ...HOST_COMMANDS,
  ...NETWORK_COMMANDS,
  ...SHOW_COMMANDS,
};

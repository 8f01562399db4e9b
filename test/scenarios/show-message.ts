import {
  type Configuration,
  type ConfigurationChange,
  type ConfigurationStep,
} from '../../src/raft/core/configuration.ts';
import { decodeConfigurationChange } from '../../src/raft/core/configuration-change-codec.ts';
import type { Entry, EntryId } from '../../src/raft/core/entry.ts';
import type { Message } from '../../src/raft/core/message.ts';

const TEXT_MAX = 12;
const ENTRIES_MAX = 8;

/** `3@2`: index 3 of term 2. */
export const showId = ({ index, term }: EntryId): string => `${index}@${term}`;

const STEP_SIGNS: Readonly<Record<ConfigurationStep['kind'], string>> = {
  addVoter: '+',
  addLearner: 'learner:',
  remove: '-',
};

/** `+4 -2 learner:5`, or `leave`. */
export function showChange({ steps, leave }: ConfigurationChange): string {
  if (steps.length === 0) return 'leave';
  const moves = steps.map(({ kind, replica }) => `${STEP_SIGNS[kind]}${replica}`).join(' ');
  return leave === 'explicit' ? `${moves} explicit` : moves;
}

/** `(1 2 3)`; `(1 2 4)&(1 2 3)` while two majorities decide; then the learners, and who becomes one. */
export function showConfiguration(configuration: Configuration): string {
  const { voters, outgoing, learners, learnersNext, autoLeave } = configuration;
  return [
    `(${voters.join(' ')})${outgoing.length === 0 ? '' : `&(${outgoing.join(' ')})`}`,
    ...(learners.length === 0 ? [] : [`learners (${learners.join(' ')})`]),
    ...(learnersNext.length === 0 ? [] : [`learners next (${learnersNext.join(' ')})`]),
    ...(autoLeave ? ['leaves'] : []),
  ].join(' ');
}

/** `3@2 "x"`; long data is cut, with its bytes. */
export function showEntry(entry: Entry): string {
  const { kind, data } = entry;
  if (kind === 'empty') return `${showId(entry)} empty`;
  if (kind === 'configuration') {
    const change = decodeConfigurationChange(data);
    return `${showId(entry)} [${change === undefined ? 'no change' : showChange(change)}]`;
  }
  const text = new TextDecoder().decode(data);
  // Entries that a log began with are named by their id alone.
  if (text === showId(entry)) return text;
  const short = text.length > TEXT_MAX ? `"${text.slice(0, 3)}…" ${text.length} B` : `"${text}"`;
  return `${showId(entry)} ${short}`;
}

/** `3@2 "x", 4@2 "y"`; many are cut. */
export function showEntries(entries: readonly Entry[]): string {
  const texts = entries.map(showEntry);
  const many = texts.length > ENTRIES_MAX;
  const left = texts.length - 2;
  return many ? `${texts.at(0)}, …${left} more…, ${texts.at(-1)}` : texts.join(', ');
}

/** `1→2 vote`: who says what to whom. */
export const showRoute = ({ from, to, kind }: Message): string => `${from}→${to} ${kind}`;

/** A message in full. */
export function showMessage(message: Message): string {
  const what = details(message);
  return `${showRoute(message)} t${message.term}${what === '' ? '' : ` ${what}`}`;
}

function details(message: Message): string {
  switch (message.kind) {
    case 'vote':
      return `log ${showId(message.last)}${message.transfer ? ' transfer' : ''}`;
    case 'preVote':
      return `log ${showId(message.last)}`;
    case 'voteReply':
    case 'preVoteReply':
      return message.granted ? 'granted' : 'refused';
    case 'append':
      return [
        `after ${showId(message.previous)}`,
        ...(message.entries.length === 0 ? [] : [`[${showEntries(message.entries)}]`]),
        `commit ${message.commit}`,
      ].join(' ');
    case 'appendAccepted':
      return `to ${message.index}`;
    case 'appendRejected':
      return `at ${message.rejected}, perhaps ${showId(message.hint)}`;
    case 'heartbeat':
      return `commit ${message.commit}${message.context === 0 ? '' : ` round ${message.context}`}`;
    case 'commit':
      return String(message.commit);
    case 'heartbeatReply':
      return message.context === 0 ? '' : `round ${message.context}`;
    case 'snapshot':
      return `of ${showId(message.meta)} ${showConfiguration(message.meta.configuration)}`;
    case 'readIndex':
      return `read ${message.context}`;
    case 'readIndexReply':
      return `read ${message.context} at ${message.index}`;
    case 'timeoutNow':
      return '';
  }
}

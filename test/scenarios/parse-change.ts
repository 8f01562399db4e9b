import type { ConfigurationChange, ConfigurationStep } from '../../src/raft/core/configuration.ts';
import type { CommandWords } from './command-words.ts';

/** The rest of a command as a change: `+4 -2 learner:5 leave=explicit`; no steps leave a joint configuration. */
export function parseChange(words: CommandWords): ConfigurationChange {
  const leave = words.setting('leave') === 'explicit' ? 'explicit' : 'auto';
  return { steps: words.rest().map(parseStep), leave, context: new Uint8Array() };
}

function parseStep(word: string): ConfigurationStep {
  const [, sign = '', digits = ''] = /^(\+|-|learner:)(\d+)$/.exec(word) ?? [];
  const replica = Number(digits);
  switch (sign) {
    case '+':
      return { kind: 'addVoter', replica };
    case '-':
      return { kind: 'remove', replica };
    case 'learner:':
      return { kind: 'addLearner', replica };
    default:
      throw new Error(`${word} is no step of a change`);
  }
}

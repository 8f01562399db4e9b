import { must } from '../../../src/base/assert.ts';
import { CORE_MUTANTS } from './core-mutants.ts';
import { HOST_MUTANTS } from './host-mutants.ts';
import { NODE_MUTANTS } from './node-mutants.ts';
import type { Mutant } from './mutant.ts';

/** Known bugs; each must be found by simulations. */
export const MUTANTS: readonly Mutant[] = [...CORE_MUTANTS, ...HOST_MUTANTS, ...NODE_MUTANTS];

/** The mutant of this name. */
export function findMutant(name: string): Mutant {
  const names = MUTANTS.map((each) => each.name).join(', ');
  return must(
    MUTANTS.find((each) => each.name === name),
    `there is no mutant ${name}; there are ${names}`,
  );
}

import { termKind } from './term-kind.ts';

/** The values true and false. */
export const boolKind = termKind('boolean');

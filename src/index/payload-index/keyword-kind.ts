import { termKind } from './term-kind.ts';

/** Strings, compared whole or by their beginning. */
export const keywordKind = termKind('string');

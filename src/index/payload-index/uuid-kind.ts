import { termKind } from './term-kind.ts';

/** UUIDs as the strings they are written as: two spellings of one UUID are two values, as they are without an index. */
export const uuidKind = termKind('string');

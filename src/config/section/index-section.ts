import { Type } from 'typebox';
import { integerSetting, numberSetting } from './setting-options.ts';

/** `[index]`: graphs and segments. */
export const INDEX_SECTION = Type.Object(
  {
    m: integerSetting(2, 256, {
      default: 32,
      description: 'Links of a graph node on the upper layers, in collections made from then on.',
    }),
    efConstruction: integerSetting(4, 10_000, {
      default: 400,
      description:
        'Candidates considered when a node is added to a graph, in collections made from then on.',
    }),
    efSearch: integerSetting(1, 10_000, {
      default: 200,
      description:
        'Candidates considered by a search that does not say, in collections made from then on.',
    }),
    growingRows: integerSetting(64, 1_000_000, {
      default: 8192,
      description: 'Rows of a growing segment, which is searched exactly; a full one is sealed.',
    }),
    maxSegmentPoints: integerSetting(64, 100_000_000, {
      default: 1_000_000,
      description: 'Rows above which sealed segments are no longer merged.',
    }),
    mergeFanIn: integerSetting(2, 64, {
      default: 4,
      description: 'Sealed segments of about the same size that are merged into one.',
    }),
    rebuildDeletedRatio: numberSetting(0.01, 1, {
      default: 0.25,
      description: 'Part of deleted rows from which a sealed segment is built anew.',
    }),
    idleOptimizeMs: integerSetting(0, 86_400_000, {
      default: 2000,
      description:
        'Milliseconds without writes after which a growing segment is sealed early. 0: never.',
    }),
  },
  { description: 'Graphs and segments.' },
);

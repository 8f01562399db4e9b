import { Type } from 'typebox';
import { booleanSetting, choiceSetting, integerSetting } from './setting-options.ts';

/** Names of distances in the configuration. */
export const DISTANCE_METRICS = ['cosine', 'dot', 'euclid', 'manhattan'] as const;
/** Names of quantizations in the configuration; `""` leaves the choice to the program. */
export const QUANTIZATION_CHOICES = ['', 'binary', 'int8', 'float16', 'none'] as const;

/** `[vector]`: the collection behind `/vectors`, and what a new collection starts from. */
export const VECTOR_SECTION = Type.Object(
  {
    dimension: integerSetting(1, 65_536, {
      default: 768,
      description: 'Numbers in a vector of the collection behind `/vectors`.',
    }),
    distanceMetric: choiceSetting(DISTANCE_METRICS, {
      default: 'cosine',
      description: 'How vectors of that collection are compared.',
    }),
    quantization: choiceSetting(QUANTIZATION_CHOICES, {
      default: '',
      description:
        'How graphs hold vectors; results are always rescored with the originals. Empty: `binary` from 256 dimensions on, else `int8`. All but `none` are files that threads share; of a `none` graph every search thread has a copy in memory, about 4 × dimension + 8 × m bytes a point.',
    }),
    binaryQuantization: booleanSetting({
      default: false,
      description: 'The same as `quantization = "binary"`.',
    }),
  },
  { description: 'The collection behind `/vectors`, and what a new collection starts from.' },
);

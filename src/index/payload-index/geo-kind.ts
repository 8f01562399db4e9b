import { assert } from '../../base/assert.ts';
import { compileGeoTest, geoPointOf, type GeoTest, latitudeBand } from '../filter/geo.ts';
import { type FieldAnswer, NO_ROWS } from './field-index.ts';
import { float64s } from './field-file.ts';
import type { FieldKind } from './field-kind.ts';
import { SortedNumbers, SortedNumbersBuilder } from './sorted-numbers.ts';

/** Places looked at for an estimate. */
const SAMPLES = 256;

/** Places, sorted by latitude; those in the latitudes of a test are each asked. */
export const geoKind: FieldKind = {
  builder() {
    const latitudes = new SortedNumbersBuilder();
    return {
      add(slot, value) {
        const place = geoPointOf(value);
        if (place !== undefined) latitudes.add(place.lat, slot, place.lon);
      },
      finish: () => latitudes.finish(),
    };
  },
  open(_schema, sections) {
    const latitudes = new SortedNumbers(sections);
    const longitudes = float64s(sections.longitudes);
    assert(longitudes.length === latitudes.numbers.length, 'every latitude has its longitude');
    return {
      answer(test) {
        const isGeo =
          test.kind === 'geoRadius' || test.kind === 'geoBoundingBox' || test.kind === 'geoPolygon';
        return isGeo ? answerGeo(test, latitudes, longitudes) : undefined;
      },
    };
  },
};

function answerGeo(test: GeoTest, latitudes: SortedNumbers, longitudes: Float64Array): FieldAnswer {
  const { numbers, slots } = latitudes;
  const contains = compileGeoTest(test);
  const band = latitudeBand(test);
  const { from, to } = latitudes.between({ gte: band.from, lte: band.to });
  const within = to - from;
  if (within === 0) return NO_ROWS;
  const passes = (at: number): boolean => contains(longitudes[at] as number, numbers[at] as number);
  const samples = Math.min(within, SAMPLES);
  let hits = 0;
  for (let i = 0; i < samples; i += 1) {
    if (passes(from + Math.floor((i * within) / samples))) hits += 1;
  }
  const { max } = latitudes.range({ gte: band.from, lte: band.to }).estimate;
  return {
    estimate: {
      min: hits > 0 ? 1 : 0,
      expected: Math.min(max, Math.round((within * hits) / samples)),
      max,
    },
    exact: true,
    fill(into) {
      for (let at = from; at < to; at += 1) if (passes(at)) into.add(slots[at] as number);
    },
  };
}

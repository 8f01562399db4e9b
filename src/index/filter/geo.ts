import { isPayloadObject, numberOf, type PayloadValue } from '../payload/payload-value.ts';
import type { FieldTest, GeoPoint } from './filter.ts';

/** Mean radius of the Earth in metres (IUGG). */
export const EARTH_RADIUS_METERS = 6_371_008.8;

const RADIANS = Math.PI / 180;

/** The tests about places. */
export type GeoTest = Extract<FieldTest, { kind: 'geoRadius' | 'geoBoundingBox' | 'geoPolygon' }>;

/** The place that a payload value `{"lon": …, "lat": …}` names, else undefined. */
export function geoPointOf(value: PayloadValue): GeoPoint | undefined {
  if (!isPayloadObject(value)) return undefined;
  if (!Object.hasOwn(value, 'lon') || !Object.hasOwn(value, 'lat')) return undefined;
  const lon = numberOf(value['lon'] as PayloadValue);
  const lat = numberOf(value['lat'] as PayloadValue);
  if (lon === undefined || lat === undefined) return undefined;
  return Math.abs(lon) <= 180 && Math.abs(lat) <= 90 ? { lon, lat } : undefined;
}

/** Metres along the sphere between two places (haversine). */
export function haversineMeters(a: GeoPoint, b: GeoPoint): number {
  const sinLat = Math.sin(((b.lat - a.lat) * RADIANS) / 2);
  const sinLon = Math.sin(((b.lon - a.lon) * RADIANS) / 2);
  const h =
    sinLat * sinLat + Math.cos(a.lat * RADIANS) * Math.cos(b.lat * RADIANS) * sinLon * sinLon;
  return 2 * EARTH_RADIUS_METERS * Math.asin(Math.min(1, Math.sqrt(h)));
}

/** The test as a function of a place. Distances are strict, and what lies on an edge is outside. */
export function compileGeoTest(test: GeoTest): (lon: number, lat: number) => boolean {
  switch (test.kind) {
    case 'geoRadius':
      return (lon, lat) => haversineMeters(test.center, { lon, lat }) < test.radiusMeters;
    case 'geoBoundingBox': {
      const { topLeft, bottomRight } = test;
      const crosses = topLeft.lon > bottomRight.lon;
      return (lon, lat) =>
        lat < topLeft.lat &&
        lat > bottomRight.lat &&
        (crosses
          ? lon > topLeft.lon || lon < bottomRight.lon
          : lon > topLeft.lon && lon < bottomRight.lon);
    }
    case 'geoPolygon':
      return (lon, lat) =>
        placeInRing(test.exterior, lon, lat) === 'inside' &&
        test.interiors.every((ring) => placeInRing(ring, lon, lat) === 'outside');
  }
}

/** Latitudes between which (bounds included) every place lies that passes the test. */
export function latitudeBand(test: GeoTest): { readonly from: number; readonly to: number } {
  switch (test.kind) {
    case 'geoRadius': {
      // The margin covers the rounding of the distance.
      const degrees = (test.radiusMeters / EARTH_RADIUS_METERS / RADIANS) * 1.000001 + 1e-9;
      return { from: test.center.lat - degrees, to: test.center.lat + degrees };
    }
    case 'geoBoundingBox':
      return { from: test.bottomRight.lat, to: test.topLeft.lat };
    case 'geoPolygon': {
      let from = Infinity;
      let to = -Infinity;
      for (const { lat } of test.exterior) {
        from = Math.min(from, lat);
        to = Math.max(to, lat);
      }
      return { from, to };
    }
  }
}

/** Where a place lies to a closed ring on the plane of longitude and latitude: even-odd rule, edges found exactly. */
function placeInRing(
  ring: readonly GeoPoint[],
  lon: number,
  lat: number,
): 'inside' | 'edge' | 'outside' {
  let inside = false;
  for (let i = 1; i < ring.length; i += 1) {
    const a = ring[i - 1] as GeoPoint;
    const b = ring[i] as GeoPoint;
    const cross = (b.lon - a.lon) * (lat - a.lat) - (b.lat - a.lat) * (lon - a.lon);
    if (
      cross === 0 &&
      lon >= Math.min(a.lon, b.lon) &&
      lon <= Math.max(a.lon, b.lon) &&
      lat >= Math.min(a.lat, b.lat) &&
      lat <= Math.max(a.lat, b.lat)
    ) {
      return 'edge';
    }
    if (a.lat > lat !== b.lat > lat && cross > 0 === b.lat > a.lat) inside = !inside;
  }
  return inside ? 'inside' : 'outside';
}

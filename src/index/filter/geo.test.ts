import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileGeoTest, EARTH_RADIUS_METERS, haversineMeters, latitudeBand } from './geo.ts';

const lon = fc.double({ min: -180, max: 180, noNaN: true });
const lat = fc.double({ min: -90, max: 90, noNaN: true });
const point = fc.record({ lon, lat });

describe('haversineMeters', () => {
  test('agrees with known distances', () => {
    const berlin = { lon: 13.405, lat: 52.52 };
    const sydney = { lon: 151.2093, lat: -33.8688 };
    expect(haversineMeters(berlin, sydney) / 1000).toBeCloseTo(16_094, -1);
    expect(haversineMeters({ lon: 0, lat: 0 }, { lon: 90, lat: 0 })).toBeCloseTo(
      (EARTH_RADIUS_METERS * Math.PI) / 2,
      3,
    );
    expect(haversineMeters({ lon: 0, lat: 90 }, { lon: 77, lat: -90 })).toBeCloseTo(
      EARTH_RADIUS_METERS * Math.PI,
      3,
    );
    expect(haversineMeters({ lon: 179.5, lat: 0 }, { lon: -179.5, lat: 0 })).toBeCloseTo(
      111_195,
      -1,
    );
  });
});

test('every place that passes lies in the band of latitudes', () => {
  fc.assert(
    fc.property(
      point,
      point,
      fc.double({ min: 0, max: 2.1e7, noNaN: true }),
      (center, place, radiusMeters) => {
        const radius = { kind: 'geoRadius' as const, center, radiusMeters };
        const band = latitudeBand(radius);
        if (compileGeoTest(radius)(place.lon, place.lat)) {
          expect(place.lat).toBeGreaterThanOrEqual(band.from);
          expect(place.lat).toBeLessThanOrEqual(band.to);
        }
      },
    ),
  );
});

test('a polygon of a box holds what the box holds', () => {
  const small = fc.integer({ min: -5, max: 5 });
  fc.assert(
    fc.property(
      small,
      small,
      fc.nat(4),
      fc.nat(4),
      small,
      small,
      (west, south, width, height, x, y) => {
        const [east, north] = [west + width, south + height];
        const corners = [[west, south], [east, south], [east, north], [west, north], [west, south]] as const; // prettier-ignore
        const polygon = compileGeoTest({
          kind: 'geoPolygon',
          exterior: corners.map(([cornerLon, cornerLat]) => ({ lon: cornerLon, lat: cornerLat })),
          interiors: [],
        });
        const box = compileGeoTest({
          kind: 'geoBoundingBox',
          topLeft: { lon: west, lat: north },
          bottomRight: { lon: east, lat: south },
        });
        expect(polygon(x, y)).toBe(box(x, y));
      },
    ),
  );
});

test('a polygon is the same from whichever side it is drawn', () => {
  const ring = [{ lon: 0, lat: 0 }, { lon: 8, lat: 1 }, { lon: 3, lat: 3 }, { lon: 1, lat: 9 }, { lon: 0, lat: 0 }]; // prettier-ignore
  const forth = compileGeoTest({ kind: 'geoPolygon', exterior: ring, interiors: [] });
  const back = compileGeoTest({ kind: 'geoPolygon', exterior: ring.toReversed(), interiors: [] });
  let inside = 0;
  for (let x = 0; x < 9; x += 0.5) {
    for (let y = 0; y < 9; y += 0.5) {
      expect(forth(x, y)).toBe(back(x, y));
      if (forth(x, y)) inside += 1;
    }
  }
  expect(inside).toBeGreaterThan(20);
  expect(forth(4, 4)).toBe(false);
  expect(forth(2, 2)).toBe(true);
});

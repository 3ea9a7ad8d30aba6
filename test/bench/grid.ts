/** Tables of any size for the benchmark: streets, a park and blocks, the same at every run. */

/** What a UI paints: the state of one cell. */
interface Cell {
  readonly id: number;
  readonly name: string;
  readonly color: readonly [number, number, number];
  /** Metres. */
  readonly height: number;
  readonly interactive: 'Web' | false;
}

/** Building kinds: colour and the range of heights in metres. */
const BUILDINGS = [
  { name: 'Residential', color: [210, 170, 90], height: [0, 80] },
  { name: 'Office', color: [70, 130, 200], height: [0, 120] },
  { name: 'Shop', color: [220, 80, 120], height: [0, 20] },
] as const;
/** A place on real ground: degrees north and east. */
const ORIGIN = { latitude: 42.3664655, longitude: -71.0854323 };
const METRES_PER_DEGREE = 111_320;
const CELL_METRES = 15;

/** The cells of a square grid, row by row; another seed gives other buildings of other heights. */
export function makeCells(side: number, seed: number): Cell[] {
  const random = numbers(seed);
  return Array.from({ length: side * side }, (_, id) => {
    const row = Math.floor(id / side);
    const column = id % side;
    if (row % 5 === 0 || column % 7 === 0) {
      return { id, name: 'Street', color: [120, 120, 120], height: 0, interactive: false };
    }
    if (row > side * 0.6 && column > side * 0.6) {
      return { id, name: 'Park', color: [90, 180, 90], height: 0, interactive: 'Web' };
    }
    const { name, color, height } = BUILDINGS[Math.floor(random() * BUILDINGS.length)] ?? BUILDINGS[0];
    return { id, name, color, height: Math.round(height[0] + random() * height[1]), interactive: 'Web' };
  });
}

/** The modules a table is created with. */
export function makeTable(tableName: string, side: number): { GEOGRID: object; GEOGRIDDATA: Cell[] } {
  const cells = makeCells(side, 1);
  const types = Object.fromEntries(
    cells.map(({ name, color, interactive }) => [
      name,
      { name, color, height: 0, interactive, LBCS: null, NAICS: null },
    ]),
  );
  const header = {
    tableName,
    cellSize: CELL_METRES,
    ...ORIGIN,
    nrows: side,
    ncols: side,
    rotation: 0,
    tz: -5,
    projection: '+proj=lcc +lat_1=42.68 +lat_2=41.71 +lat_0=41 +lon_0=-71.5 +datum=NAD83 +units=m +no_def',
  };
  const features = cells.map((properties) => ({
    type: 'Feature',
    geometry: {
      type: 'Polygon',
      coordinates: [outline(Math.floor(properties.id / side), properties.id % side)],
    },
    properties,
  }));
  return {
    GEOGRID: { type: 'FeatureCollection', properties: { header, types }, features },
    GEOGRIDDATA: cells,
  };
}

/** The closed ring around a cell: longitude and latitude of its corners. */
function outline(row: number, column: number): number[][] {
  const corner = (down: number, right: number) => [
    ORIGIN.longitude +
      (right * CELL_METRES) / (METRES_PER_DEGREE * Math.cos((ORIGIN.latitude * Math.PI) / 180)),
    ORIGIN.latitude - (down * CELL_METRES) / METRES_PER_DEGREE,
  ];
  return [
    corner(row, column),
    corner(row + 1, column),
    corner(row + 1, column + 1),
    corner(row, column + 1),
    corner(row, column),
  ];
}

/** A linear congruential generator: numbers from 0 to below 1. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

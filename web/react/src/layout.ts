/**
 * Where the tiles of a call stand. Pure geometry, in CSS pixels.
 *
 * Tiles are placed, not flowed: whatever the layout, a tile is the same element that moves, so that no picture stops
 * when somebody comes, goes or shares a screen.
 */

export interface Box {
  width: number;
  height: number;
}

export interface Rect extends Box {
  x: number;
  y: number;
}

export const GAP = 8;

/** Of a tile, width by height: pictures may be cropped to fill the room there is, within these. */
const WIDEST = 16 / 9;
const NARROWEST = { landscape: 4 / 3, portrait: 1 };

/** Tiles of one size in rows, as large as fit; a row that is not full stands in the middle. */
export function gridLayout(count: number, box: Box, gap = GAP): Rect[] {
  if (count === 0 || box.width <= 0 || box.height <= 0) return [];
  const { columns, tile } = bestColumns(count, box, gap);
  const rows = Math.ceil(count / columns);
  const top = (box.height - rows * tile.height - (rows - 1) * gap) / 2;
  return Array.from({ length: count }, (_, index) => {
    const row = Math.floor(index / columns);
    const inRow = row === rows - 1 ? count - row * columns : columns;
    const left = (box.width - inRow * tile.width - (inRow - 1) * gap) / 2;
    return { ...tile, x: left + (index % columns) * (tile.width + gap), y: top + row * (tile.height + gap) };
  });
}

function bestColumns(count: number, box: Box, gap: number): { columns: number; tile: Box } {
  let best = { columns: 1, tile: { width: 0, height: 0 } };
  for (let columns = 1; columns <= count; columns += 1) {
    const rows = Math.ceil(count / columns);
    const tile = tileWithin({ width: (box.width - (columns - 1) * gap) / columns, height: (box.height - (rows - 1) * gap) / rows }, box);
    if (tile.width * tile.height > best.tile.width * best.tile.height + 1) best = { columns, tile };
  }
  return best;
}

function tileWithin(cell: Box, box: Box): Box {
  const narrowest = box.width >= box.height ? NARROWEST.landscape : NARROWEST.portrait;
  const width = Math.max(0, cell.width);
  const height = Math.max(0, cell.height);
  if (width > height * WIDEST) return { width: height * WIDEST, height };
  if (width < height * narrowest) return { width, height: width / narrowest };
  return { width, height };
}

/** One large rectangle and a strip of small ones beside it, or below it where the box is higher than wide. */
export function focusLayout(others: number, box: Box, gap = GAP): { focus: Rect; strip: Rect[] } {
  const all = { x: 0, y: 0, ...box };
  if (others === 0 || box.width <= 0 || box.height <= 0) return { focus: all, strip: [] };
  const landscape = box.width >= box.height;
  if (landscape) {
    const width = clamp(box.width * 0.19, 120, 260);
    const height = width / WIDEST;
    const shown = Math.min(others, stripCapacity(box, gap));
    const top = (box.height - shown * height - (shown - 1) * gap) / 2;
    const x = box.width - width;
    return {
      focus: { ...all, width: box.width - width - gap },
      strip: Array.from({ length: shown }, (_, index) => ({ x, y: top + index * (height + gap), width, height })),
    };
  }
  const width = clamp(box.width * 0.3, 96, 200);
  const height = width / NARROWEST.landscape;
  const shown = Math.min(others, stripCapacity(box, gap));
  const left = (box.width - shown * width - (shown - 1) * gap) / 2;
  const y = box.height - height;
  return {
    focus: { ...all, height: box.height - height - gap },
    strip: Array.from({ length: shown }, (_, index) => ({ x: left + index * (width + gap), y, width, height })),
  };
}

/** How many tiles the strip of `focusLayout` has room for. */
export function stripCapacity(box: Box, gap = GAP): number {
  const landscape = box.width >= box.height;
  const along = landscape ? clamp(box.width * 0.19, 120, 260) / WIDEST : clamp(box.width * 0.3, 96, 200);
  return Math.max(1, Math.floor(((landscape ? box.height : box.width) + gap) / (along + gap)));
}

/**
 * Of more tiles than there is room for, those that are shown: the first ones, and `wanted` among them.
 * The order stays, so that nobody jumps about.
 */
export function choose<T>(tiles: readonly T[], room: number, wanted?: T): { shown: T[]; hidden: T[] } {
  if (tiles.length <= room) return { shown: [...tiles], hidden: [] };
  // One place tells how many are not shown.
  const places = Math.max(0, room - 1);
  const shown = tiles.slice(0, places);
  if (wanted !== undefined && places > 0 && tiles.includes(wanted) && !shown.includes(wanted)) shown[places - 1] = wanted;
  return { shown, hidden: tiles.filter((tile) => !shown.includes(tile)) };
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}

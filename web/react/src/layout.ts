/**
 * Positions of the tiles of a call. Pure geometry, in CSS pixels.
 *
 * Tiles are positioned absolutely: in every layout a tile is the same element, so that its video is not interrupted when
 * someone joins, leaves or shares a screen.
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

/** Limits of the aspect ratio (width / height) of a tile. Videos are cropped to their tile. */
const MAX_RATIO = 16 / 9;
const MIN_RATIO = { landscape: 4 / 3, portrait: 1 };

/** Places `count` tiles of equal size in rows, as large as fit. The last row is centered if it is not full. */
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
  const minRatio = box.width >= box.height ? MIN_RATIO.landscape : MIN_RATIO.portrait;
  const width = Math.max(0, cell.width);
  const height = Math.max(0, cell.height);
  if (width > height * MAX_RATIO) return { width: height * MAX_RATIO, height };
  if (width < height * minRatio) return { width, height: width / minRatio };
  return { width, height };
}

/** Places one large tile and a strip of small ones at its right, or below it if the box is higher than wide. */
export function focusLayout(others: number, box: Box, gap = GAP): { focus: Rect; strip: Rect[] } {
  const all = { x: 0, y: 0, ...box };
  if (others === 0 || box.width <= 0 || box.height <= 0) return { focus: all, strip: [] };
  const landscape = box.width >= box.height;
  if (landscape) {
    const width = clamp(box.width * 0.19, 120, 260);
    const height = width / MAX_RATIO;
    const shown = Math.min(others, stripCapacity(box, gap));
    const top = (box.height - shown * height - (shown - 1) * gap) / 2;
    const x = box.width - width;
    return {
      focus: { ...all, width: box.width - width - gap },
      strip: Array.from({ length: shown }, (_, index) => ({ x, y: top + index * (height + gap), width, height })),
    };
  }
  const width = clamp(box.width * 0.3, 96, 200);
  const height = width / MIN_RATIO.landscape;
  const shown = Math.min(others, stripCapacity(box, gap));
  const left = (box.width - shown * width - (shown - 1) * gap) / 2;
  const y = box.height - height;
  return {
    focus: { ...all, height: box.height - height - gap },
    strip: Array.from({ length: shown }, (_, index) => ({ x: left + index * (width + gap), y, width, height })),
  };
}

/** Returns how many tiles fit into the strip of {@link focusLayout}. */
export function stripCapacity(box: Box, gap = GAP): number {
  const landscape = box.width >= box.height;
  const along = landscape ? clamp(box.width * 0.19, 120, 260) / MAX_RATIO : clamp(box.width * 0.3, 96, 200);
  return Math.max(1, Math.floor(((landscape ? box.height : box.width) + gap) / (along + gap)));
}

/**
 * Selects the tiles to show if there are more than `places`: the first ones, with `wanted` in the last place if it is not among
 * them. Keeps the order. One place remains free for the number of hidden tiles.
 */
export function chooseVisible<T>(tiles: readonly T[], places: number, wanted?: T): { shown: T[]; hidden: T[] } {
  if (tiles.length <= places) return { shown: [...tiles], hidden: [] };
  const count = Math.max(0, places - 1);
  const shown = tiles.slice(0, count);
  if (wanted !== undefined && count > 0 && tiles.includes(wanted) && !shown.includes(wanted)) shown[count - 1] = wanted;
  return { shown, hidden: tiles.filter((tile) => !shown.includes(tile)) };
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}

import { describe, expect, it } from "vitest";

import { chooseVisible, focusLayout, gridLayout, stripCapacity, type Box, type Rect } from "../src/layout.ts";

const BOXES: Record<string, Box> = {
  desktop: { width: 1256, height: 668 },
  phone: { width: 344, height: 610 },
  "phone in landscape": { width: 720, height: 280 },
  square: { width: 600, height: 600 },
};

function within(rect: Rect, box: Box): boolean {
  return rect.x >= -0.5 && rect.y >= -0.5 && rect.x + rect.width <= box.width + 0.5 && rect.y + rect.height <= box.height + 0.5;
}

function disjoint(one: Rect, other: Rect): boolean {
  return one.x + one.width <= other.x + 0.5 || other.x + other.width <= one.x + 0.5 || one.y + one.height <= other.y + 0.5 || other.y + other.height <= one.y + 0.5;
}

describe.each(Object.entries(BOXES))("on a %s", (_name, box) => {
  it.each(Array.from({ length: 25 }, (_, index) => index + 1))("a grid of %i tiles fits without overlaps", (count) => {
    const rects = gridLayout(count, box);
    expect(rects).toHaveLength(count);
    for (const rect of rects) expect(within(rect, box)).toBe(true);
    for (const [index, one] of rects.entries()) for (const other of rects.slice(index + 1)) expect(disjoint(one, other)).toBe(true);
    for (const { width, height } of rects) {
      expect(width / height).toBeLessThanOrEqual(16 / 9 + 0.01);
      expect(width / height).toBeGreaterThanOrEqual(0.99);
    }
  });

  it.each([1, 2, 5, 24])("a large tile and a strip of %i fit without overlaps", (others) => {
    const { focus, strip } = focusLayout(others, box);
    expect(strip).toHaveLength(Math.min(others, stripCapacity(box)));
    const all = [focus, ...strip];
    for (const rect of all) expect(within(rect, box)).toBe(true);
    for (const [index, one] of all.entries()) for (const other of all.slice(index + 1)) expect(disjoint(one, other)).toBe(true);
    for (const small of strip) expect(focus.width * focus.height).toBeGreaterThan(2 * small.width * small.height);
  });
});

describe("a grid", () => {
  it("puts two tiles side by side in a wide box and one below the other in a high box", () => {
    const [left, right] = gridLayout(2, BOXES["desktop"] as Box);
    expect(left?.y).toBe(right?.y);
    const [upper, lower] = gridLayout(2, BOXES["phone"] as Box);
    expect(upper?.x).toBe(lower?.x);
  });

  it("centers the last row if it is not full", () => {
    const [, second, , fourth, fifth] = gridLayout(5, BOXES["desktop"] as Box) as Rect[];
    expect(((fourth as Rect).x + (fifth as Rect).x + (fifth as Rect).width) / 2).toBeCloseTo((second as Rect).x + (second as Rect).width / 2);
  });

  it("uses at least half of a desktop screen for up to 25 tiles", () => {
    const box = BOXES["desktop"] as Box;
    for (let count = 2; count <= 25; count += 1) {
      const used = gridLayout(count, box).reduce((sum, { width, height }) => sum + width * height, 0);
      expect(used / (box.width * box.height), `${count} tiles`).toBeGreaterThan(0.5);
    }
  });

  it("is empty without tiles and in a box without size", () => {
    expect(gridLayout(0, { width: 100, height: 100 })).toEqual([]);
    expect(gridLayout(3, { width: 0, height: 0 })).toEqual([]);
  });
});

describe("choosing the visible tiles", () => {
  const people = ["a", "b", "c", "d", "e"];

  it("shows all tiles if they fit", () => {
    expect(chooseVisible(people, 5)).toEqual({ shown: people, hidden: [] });
  });

  it("keeps one place for the number of hidden tiles", () => {
    expect(chooseVisible(people, 3)).toEqual({ shown: ["a", "b"], hidden: ["c", "d", "e"] });
  });

  it("puts the wanted tile in the last place and moves no other", () => {
    expect(chooseVisible(people, 3, "e")).toEqual({ shown: ["a", "e"], hidden: ["b", "c", "d"] });
    expect(chooseVisible(people, 3, "a").shown).toEqual(["a", "b"]);
    expect(chooseVisible(people, 3, "stranger").shown).toEqual(["a", "b"]);
  });
});

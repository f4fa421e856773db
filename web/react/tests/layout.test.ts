import { describe, expect, it } from "vitest";

import { choose, focusLayout, gridLayout, stripCapacity, type Box, type Rect } from "../src/layout.ts";

const BOXES: Record<string, Box> = {
  desktop: { width: 1256, height: 668 },
  phone: { width: 344, height: 610 },
  "phone on its side": { width: 720, height: 280 },
  square: { width: 600, height: 600 },
};

function within(rect: Rect, box: Box): boolean {
  return rect.x >= -0.5 && rect.y >= -0.5 && rect.x + rect.width <= box.width + 0.5 && rect.y + rect.height <= box.height + 0.5;
}

function apart(one: Rect, other: Rect): boolean {
  return one.x + one.width <= other.x + 0.5 || other.x + other.width <= one.x + 0.5 || one.y + one.height <= other.y + 0.5 || other.y + other.height <= one.y + 0.5;
}

describe.each(Object.entries(BOXES))("on a %s", (_name, box) => {
  it.each(Array.from({ length: 25 }, (_, index) => index + 1))("a grid of %i fits, and no tile covers another", (count) => {
    const rects = gridLayout(count, box);
    expect(rects).toHaveLength(count);
    for (const rect of rects) expect(within(rect, box)).toBe(true);
    for (const [index, one] of rects.entries()) for (const other of rects.slice(index + 1)) expect(apart(one, other)).toBe(true);
    for (const { width, height } of rects) {
      expect(width / height).toBeLessThanOrEqual(16 / 9 + 0.01);
      expect(width / height).toBeGreaterThanOrEqual(0.99);
    }
  });

  it.each([1, 2, 5, 24])("the large one and a strip of %i fit, and no tile covers another", (others) => {
    const { focus, strip } = focusLayout(others, box);
    expect(strip).toHaveLength(Math.min(others, stripCapacity(box)));
    const all = [focus, ...strip];
    for (const rect of all) expect(within(rect, box)).toBe(true);
    for (const [index, one] of all.entries()) for (const other of all.slice(index + 1)) expect(apart(one, other)).toBe(true);
    for (const small of strip) expect(focus.width * focus.height).toBeGreaterThan(2 * small.width * small.height);
  });
});

describe("a grid", () => {
  it("puts two side by side where there is width, and one below the other where there is height", () => {
    const [left, right] = gridLayout(2, BOXES["desktop"] as Box);
    expect(left?.y).toBe(right?.y);
    const [upper, lower] = gridLayout(2, BOXES["phone"] as Box);
    expect(upper?.x).toBe(lower?.x);
  });

  it("centres the row that is not full", () => {
    const [, second, , fourth, fifth] = gridLayout(5, BOXES["desktop"] as Box) as Rect[];
    expect(((fourth as Rect).x + (fifth as Rect).x + (fifth as Rect).width) / 2).toBeCloseTo((second as Rect).x + (second as Rect).width / 2);
  });

  it("uses at least half of a desktop's room for any number up to 25", () => {
    const box = BOXES["desktop"] as Box;
    for (let count = 2; count <= 25; count += 1) {
      const used = gridLayout(count, box).reduce((sum, { width, height }) => sum + width * height, 0);
      expect(used / (box.width * box.height), `${count} tiles`).toBeGreaterThan(0.5);
    }
  });

  it("is empty without tiles, or before there is room", () => {
    expect(gridLayout(0, { width: 100, height: 100 })).toEqual([]);
    expect(gridLayout(3, { width: 0, height: 0 })).toEqual([]);
  });
});

describe("choosing whom to show", () => {
  const people = ["a", "b", "c", "d", "e"];

  it("shows everybody for whom there is room", () => {
    expect(choose(people, 5)).toEqual({ shown: people, hidden: [] });
  });

  it("keeps one place for how many are hidden", () => {
    expect(choose(people, 3)).toEqual({ shown: ["a", "b"], hidden: ["c", "d", "e"] });
  });

  it("shows who is wanted in the last place, and moves nobody else", () => {
    expect(choose(people, 3, "e")).toEqual({ shown: ["a", "e"], hidden: ["b", "c", "d"] });
    expect(choose(people, 3, "a").shown).toEqual(["a", "b"]);
    expect(choose(people, 3, "stranger").shown).toEqual(["a", "b"]);
  });
});

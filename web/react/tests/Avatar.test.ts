import { describe, expect, it } from "vitest";

import { hue, initials } from "../src/Avatar.tsx";

describe("initials", () => {
  it.each([
    ["Mei Lin", "ML"],
    ["  amina  van der Berg ", "AB"],
    ["Cher", "C"],
    ["👩‍🚀 Sally", "👩S"],
    ["", "?"],
  ])("of %j are %s", (name, expected) => {
    expect(initials(name)).toBe(expected);
  });

  it("have a hue that depends on the name", () => {
    expect(hue("Mei Lin")).toBe(hue("Mei Lin"));
    expect(hue("Mei Lin")).not.toBe(hue("Jonas Weber"));
    expect(hue("Mei Lin")).toBeLessThan(360);
  });
});

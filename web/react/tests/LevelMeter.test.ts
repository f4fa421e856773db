import { describe, expect, it } from "vitest";

import { loudness } from "../src/LevelMeter.tsx";

describe("loudness", () => {
  const tone = (amplitude: number) => Float32Array.from({ length: 512 }, (_, index) => amplitude * Math.sin(index / 3));

  it("rises from 0 for silence to 1 for full scale", () => {
    const levels = [0, 0.003, 0.03, 0.3].map((amplitude) => loudness(tone(amplitude)));
    expect(levels[0]).toBe(0);
    expect(levels).toEqual([...levels].sort((one, other) => one - other));
    expect(loudness(tone(1))).toBe(1);
  });
});

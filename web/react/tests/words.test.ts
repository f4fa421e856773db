import { describe, expect, it } from "vitest";

import { hue, initials } from "../src/Avatar.tsx";
import { loudness } from "../src/LevelMeter.tsx";
import { explain, explainDevice } from "../src/words.ts";

describe("an explanation", () => {
  it("names the device once", () => {
    const refused = { code: "camera_refused", message: "Permission denied" };
    expect(explainDevice("camera", refused)).toMatch(/^Camera: The browser was not allowed/);
    expect(explainDevice("microphone", { code: "no_device", message: "" })).toBe("Microphone: None was found.");
  });

  it("is the server's own where there is nothing better to say", () => {
    expect(explain({ code: "invalid_argument", message: "callId is too long" })).toBe("callId is too long");
  });
});

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

  it("have the colour of the name", () => {
    expect(hue("Mei Lin")).toBe(hue("Mei Lin"));
    expect(hue("Mei Lin")).not.toBe(hue("Jonas Weber"));
    expect(hue("Mei Lin")).toBeLessThan(360);
  });
});

describe("loudness", () => {
  const tone = (amplitude: number) => Float32Array.from({ length: 512 }, (_, index) => amplitude * Math.sin(index / 3));

  it("goes from silence to loud", () => {
    const levels = [0, 0.003, 0.03, 0.3].map((amplitude) => loudness(tone(amplitude)));
    expect(levels[0]).toBe(0);
    expect(levels).toEqual([...levels].sort((one, other) => one - other));
    expect(loudness(tone(1))).toBe(1);
  });
});

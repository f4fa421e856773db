import { expect, test } from "vitest";

import { Expected, qualityOf } from "../src/quality.ts";
import type { StreamStats } from "../src/stats.ts";

const stream = (more: Partial<StreamStats> = {}): StreamStats => ({
  participant: "ann",
  source: "camera",
  kind: "video",
  bitrate: 500_000,
  packetsLost: 0,
  lossRate: 0,
  jitter: 0.01,
  ...more,
});

test.each([
  [[], undefined, "unknown"],
  [[stream()], 0.02, "excellent"],
  [[stream({ lossRate: 0.04 })], 0.02, "good"],
  [[stream(), stream({ source: "microphone", jitter: 0.2 })], 0.02, "poor"],
  [[stream()], 0.9, "poor"],
  [[stream({ bitrate: 0 })], 0.02, "lost"],
  [[stream({ bitrate: 0 }), stream({ source: "microphone" })], 0.02, "excellent"],
] as const)("%#: a participant is judged by the worst stream, and lost when nothing comes", (streams, rtt, quality) => {
  expect(qualityOf(streams, rtt)).toBe(quality);
});

test("a stream that has just begun, or begun again, is not taken for lost", () => {
  const expected = new Expected();
  const silent = stream({ bitrate: 0 });
  expect(qualityOf(expected.lasting([silent]), 0.02)).toBe("unknown");
  expected.turn();
  expect(qualityOf(expected.lasting([silent]), 0.02)).toBe("lost");
  expected.turn();
  // Muted for one interval.
  expected.turn();
  expect(qualityOf(expected.lasting([silent]), 0.02)).toBe("unknown");
});

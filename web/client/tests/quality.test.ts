import { expect, test } from "vitest";

import { qualityOf } from "../src/quality.ts";
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
  [[stream({ bitrate: 0 })], 0.02, "excellent"],
  [[stream({ bitrate: 0, jitter: 0.2 })], 0.02, "excellent"],
  [[stream({ bitrate: 0 })], 0.9, "poor"],
] as const)("%#: the worst stream determines the quality; a stream without data is not lost", (streams, rtt, quality) => {
  expect(qualityOf(streams, rtt)).toBe(quality);
});

import { expect, test } from "vitest";

import { ExpectedStreams, qualityOf } from "../src/quality.ts";
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
] as const)("%#: the worst stream determines the quality; no data on any stream is lost", (streams, rtt, quality) => {
  expect(qualityOf(streams, rtt)).toBe(quality);
});

test("a stream without data is lost only after it was expected for a whole interval", () => {
  const expected = new ExpectedStreams();
  const silent = stream({ bitrate: 0 });
  expect(qualityOf(expected.continuing([silent]), 0.02)).toBe("unknown");
  expected.nextInterval();
  expect(qualityOf(expected.continuing([silent]), 0.02)).toBe("lost");
  expected.nextInterval();
  // Muted for one interval.
  expected.nextInterval();
  expect(qualityOf(expected.continuing([silent]), 0.02)).toBe("unknown");
});

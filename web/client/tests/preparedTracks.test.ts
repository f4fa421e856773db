import { expect, test } from "vitest";

import { MAX_PREPARED, mostImportant } from "../src/preparedTracks.ts";
import type { Source } from "../src/publication.ts";

const KINDS = { microphone: "audio", "screen-audio": "audio", screen: "video", camera: "video" } as const;

function displayed(name: string, source: Source, { area = 0, muted = false } = {}) {
  return { name, publication: { source, kind: KINDS[source], shownArea: area, muted } };
}

test.each([
  ["a microphone is prepared before a large video", ["v", "camera", { area: 9_000 }], ["a", "microphone"]],
  ["the sound of a screen is prepared before its picture", ["s", "screen", { area: 9_000 }], ["a", "screen-audio"]],
  ["a microphone is prepared before the sound of a screen", ["s", "screen-audio"], ["a", "microphone"]],
  ["a large video is prepared before a small one", ["s", "camera", { area: 100 }], ["l", "camera", { area: 101 }]],
  ["a large camera is prepared before a small screen", ["s", "screen", { area: 100 }], ["l", "camera", { area: 101 }]],
  ["a screen is prepared before a camera of the same size", ["c", "camera", { area: 100 }], ["s", "screen", { area: 100 }]],
  ["a video is prepared before a muted microphone", ["a", "microphone", { muted: true }], ["v", "camera"]],
  ["a small video is prepared before a muted one", ["m", "camera", { area: 100, muted: true }], ["v", "camera", { area: 1 }]],
] as [string, Parameters<typeof displayed>, Parameters<typeof displayed>][])("%s", (_, less, more) => {
  const [one, other] = [displayed(...less), displayed(...more)];
  expect(mostImportant([one, other])).toEqual([other, one]);
  expect(mostImportant([other, one])).toEqual([other, one]);
});

test("equal tracks keep their order, and only some are prepared", () => {
  const tracks = Array.from({ length: MAX_PREPARED + 5 }, (_, index) => displayed(`v${index}`, "camera", { area: 100 }));
  expect(mostImportant(tracks)).toEqual(tracks.slice(0, MAX_PREPARED));
});

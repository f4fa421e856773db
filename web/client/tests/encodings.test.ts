import { expect, test } from "vitest";

import { produceOptions, simulcastEncodings } from "../src/encodings.ts";

test.each([
  [1280, 720, [4, 2, 1]],
  [720, 1280, [4, 2, 1]],
  [640, 360, [2, 1]],
  [320, 180, [1]],
])("a picture of %i by %i pixels is sent with the scales %j", (width, height, scales) => {
  const encodings = simulcastEncodings(width, height);
  expect(encodings.map(({ scaleResolutionDownBy }) => scaleResolutionDownBy)).toEqual(scales);
  const bitrates = encodings.map(({ maxBitrate }) => maxBitrate ?? 0);
  expect(bitrates).toEqual([...bitrates].sort((a, b) => a - b));
});

test("audio is sent with in-band FEC", () => {
  const track = { kind: "audio" } as MediaStreamTrack;
  expect(produceOptions(track, "microphone", { simulcast: true, codec: undefined }, {})).toEqual({ codecOptions: { opusFec: true } });
});

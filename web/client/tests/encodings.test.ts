import { expect, test } from "vitest";

import { produceOptions, screenEncodings, simulcastEncodings } from "../src/encodings.ts";

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

test("a screen is sent in full and in half resolution; a small one in full only", () => {
  expect(screenEncodings(1920, 1080).map(({ scaleResolutionDownBy }) => scaleResolutionDownBy)).toEqual([2, 1]);
  expect(screenEncodings(640, 360)).toEqual([]);
  const track = { kind: "video", getSettings: () => ({ width: 1920, height: 1080 }) } as MediaStreamTrack;
  const send = (simulcast: boolean) => produceOptions(track, "screen", { simulcast, codec: undefined }, {}).encodings;
  expect(send(true)).toEqual(screenEncodings(1920, 1080));
  expect(send(false)).toBeUndefined();
});

test("the smaller layer of a screen has few frames, so that its bitrate goes into sharp text", () => {
  expect(screenEncodings(1920, 1080).map(({ maxFramerate }) => maxFramerate)).toEqual([5, undefined]);
});

test("audio is sent with in-band FEC", () => {
  const track = { kind: "audio" } as MediaStreamTrack;
  expect(produceOptions(track, "microphone", { simulcast: true, codec: undefined }, {})).toEqual({ codecOptions: { opusFec: true } });
});

import { expect, test } from "vitest";

import { spatialLayerFor } from "../src/layerSelection.ts";

const LAYERS = 3;
const TOP = { width: 1280, height: 720 };

test.each([
  ["a tile of the size of the top layer", { width: 1280, height: 720 }, 2],
  ["a tile of the size of the middle layer", { width: 640, height: 360 }, 1],
  ["a tile slightly larger than the lowest layer", { width: 350, height: 200 }, 0],
  ["a tile that the lowest layer would blur", { width: 400, height: 225 }, 1],
  ["a thumbnail", { width: 40, height: 22 }, 0],
  ["a tile larger than the top layer", { width: 3840, height: 2160 }, 2],
  ["a portrait tile, which the picture covers", { width: 300, height: 700 }, 2],
])("%s", (_name, shown, layer) => {
  expect(spatialLayerFor(shown, TOP, 2, LAYERS)).toBe(layer);
});

test("the layer does not depend on the one that arrives now", () => {
  const shown = { width: 640, height: 360 };
  expect(spatialLayerFor(shown, { width: 320, height: 180 }, 0, LAYERS)).toBe(1);
  expect(spatialLayerFor(shown, { width: 640, height: 360 }, 1, LAYERS)).toBe(1);
});

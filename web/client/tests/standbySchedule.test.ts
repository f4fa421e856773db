import { expect, test } from "vitest";

import { standbyDelay } from "../src/standbySchedule.ts";

test.each([
  [0, 5_000],
  [1, 30_000],
  [2, 60_000],
  [4, 240_000],
  [5, 300_000],
  [50, 300_000],
])("after %i failures a standby is tried in %i ms, and at most 2 s later", (failures, delay) => {
  expect([standbyDelay(failures, 0), standbyDelay(failures, 1)]).toEqual([delay, delay + 2_000]);
});

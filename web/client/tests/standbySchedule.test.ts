import { expect, test } from "vitest";

import { standbyDelay } from "../src/standbySchedule.ts";

test.each([
  [0, 0, 5_000, 7_000],
  [0, 1, 5_000, 7_000],
  [0, 2, 10_000, 14_000],
  [0, 4, 40_000, 56_000],
  [0, 5, 60_000 * (5 / 7), 60_000],
  [0, 50, 60_000 * (5 / 7), 60_000],
  [1, 0, 30_000, 60_000],
  [2, 1, 60_000, 120_000],
  [4, 50, 240_000, 480_000],
  [5, 0, 300_000, 600_000],
  [50, 0, 300_000, 600_000],
])("after %i failures and %i ends a standby is tried in %i to %i ms", (failures, ends, first, last) => {
  const [shortest, longest] = [standbyDelay({ failures, ends }, 0), standbyDelay({ failures, ends }, 1)];
  expect(shortest).toBeCloseTo(first);
  expect(longest).toBeCloseTo(last);
});

test("a thousand clients that lose their standbys at once all have one again soon", () => {
  // Two nodes may be chosen, each five times a second (`CHOICES_PER_SECOND` in the registry, one replica).
  const perSecond = 10;
  const random = mulberry32(1);
  const chosen = new Map<number, number>();
  let last = 0;
  const pending = Array.from({ length: 1_000 }, () => ({ at: standbyDelay({ failures: 0, ends: 1 }, random()), failures: 1 }));
  while (pending.length > 0) {
    const next = pending.reduce((one, other) => (other.at < one.at ? other : one));
    const second = Math.floor(next.at / 1_000);
    if ((chosen.get(second) ?? 0) < perSecond) {
      chosen.set(second, (chosen.get(second) ?? 0) + 1);
      pending.splice(pending.indexOf(next), 1);
      last = next.at;
    } else {
      next.at += standbyDelay({ failures: next.failures, ends: 1 }, random());
      next.failures += 1;
    }
  }
  expect(last).toBeLessThan(30 * 60_000);
});

/** A reproducible sequence of numbers from 0 to 1. */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

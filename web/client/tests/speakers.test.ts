import { expect, test } from "vitest";

import { Speakers } from "../src/speakers.ts";

const STEP = 250;

/** Hears the same samples for so long, ms; the time after that. */
function hear(speakers: Speakers<string>, samples: Record<string, number>, from: number, ms: number): number {
  for (let now = from; now < from + ms; now += STEP) speakers.hear(new Map(Object.entries(samples)), now);
  return from + ms;
}

test("the one who speaks is in front, and stays there when silent", () => {
  const speakers = new Speakers<string>();
  let now = hear(speakers, { ann: 0, ben: 0.3 }, 0, 1000);
  expect(speakers.active).toBe("ben");
  now = hear(speakers, { ann: 0, ben: 0 }, now, 5000);
  expect(speakers.active).toBe("ben");
});

test("a short word of another does not take the front, a sentence does", () => {
  const speakers = new Speakers<string>();
  let now = hear(speakers, { ann: 0.3, ben: 0 }, 0, 500);
  now = hear(speakers, { ann: 0.3, ben: 0.5 }, now, 500);
  expect(speakers.active).toBe("ann");
  now = hear(speakers, { ann: 0, ben: 0.5 }, now, 2500);
  expect(speakers.active).toBe("ben");
});

test("speaking ends after a pause, not within it", () => {
  const speakers = new Speakers<string>();
  hear(speakers, { ann: 0.5 }, 0, 1000);
  const quiet = (now: number) => speakers.hear(new Map([["ann", 0]]), now).get("ann")?.speaking;
  expect(quiet(1000)).toBe(true);
  for (let now = 1250; now < 4000; now += STEP) quiet(now);
  expect(quiet(4000)).toBe(false);
});

test("who has gone is not in front any more", () => {
  const speakers = new Speakers<string>();
  hear(speakers, { ann: 0.5, ben: 0 }, 0, 1000);
  speakers.hear(new Map([["ben", 0]]), 1000);
  expect(speakers.active).toBeUndefined();
});

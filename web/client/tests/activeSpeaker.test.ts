import { expect, test } from "vitest";

import { ActiveSpeakerDetector } from "../src/activeSpeaker.ts";

const INTERVAL_MS = 250;

/** Feeds constant samples for `ms` milliseconds. Returns the time after them. */
function feed(detector: ActiveSpeakerDetector<string>, samples: Record<string, number>, from: number, ms: number): number {
  for (let now = from; now < from + ms; now += INTERVAL_MS) detector.update(new Map(Object.entries(samples)), now);
  return from + ms;
}

test("the active speaker stays active while nobody speaks", () => {
  const detector = new ActiveSpeakerDetector<string>();
  let now = feed(detector, { ann: 0, ben: 0.3 }, 0, 1000);
  expect(detector.active).toBe("ben");
  now = feed(detector, { ann: 0, ben: 0 }, now, 5000);
  expect(detector.active).toBe("ben");
});

test("a short interjection does not change the active speaker, a sentence does", () => {
  const detector = new ActiveSpeakerDetector<string>();
  let now = feed(detector, { ann: 0.3, ben: 0 }, 0, 500);
  now = feed(detector, { ann: 0.3, ben: 0.5 }, now, 500);
  expect(detector.active).toBe("ann");
  now = feed(detector, { ann: 0, ben: 0.5 }, now, 2500);
  expect(detector.active).toBe("ben");
});

test("speaking ends after 800 ms of silence, not before", () => {
  const detector = new ActiveSpeakerDetector<string>();
  feed(detector, { ann: 0.5 }, 0, 1000);
  const quiet = (now: number) => detector.update(new Map([["ann", 0]]), now).get("ann")?.speaking;
  expect(quiet(1000)).toBe(true);
  for (let now = 1250; now < 4000; now += INTERVAL_MS) quiet(now);
  expect(quiet(4000)).toBe(false);
});

test("a participant who is gone is no longer the active speaker", () => {
  const detector = new ActiveSpeakerDetector<string>();
  feed(detector, { ann: 0.5, ben: 0 }, 0, 1000);
  detector.update(new Map([["ben", 0]]), 1000);
  expect(detector.active).toBeUndefined();
});

import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { RemoteParticipant } from "../src/participant.ts";
import { Speech } from "../src/speech.ts";

const ann = new RemoteParticipant("ann", "ann", "Ann", {});
const bob = new RemoteParticipant("bob", "bob", "Bob", {});
let speech: Speech;

beforeEach(() => {
  vi.useFakeTimers();
  speech = new Speech((peerId) => [ann, bob].find(({ id }) => id === peerId));
});

afterEach(() => {
  speech.silence();
  vi.useRealTimers();
});

test("the active speaker stays active until another one is", () => {
  expect(speech.setActive("ann")).toBe(true);
  expect(speech.setActive("ann")).toBe(false);
  expect(speech.setActive("unknown")).toBe(false);
  expect(speech.active).toBe(ann);
  expect(speech.setActive("bob")).toBe(true);
  speech.removed(bob);
  expect(speech.active).toBeUndefined();
});

test("participants speak while the levels contain them", () => {
  speech.setLevels([
    { peerId: "bob", volume: -20 },
    { peerId: "ann", volume: -40 },
    { peerId: "unknown", volume: -50 },
  ]);
  expect([...speech.levels]).toEqual([
    [bob, expect.closeTo(0.1)],
    [ann, expect.closeTo(0.01)],
  ]);
  expect([ann.speaking, bob.speaking]).toEqual([true, true]);
  expect(bob.level).toBeCloseTo(0.1);
  speech.setLevels([{ peerId: "ann", volume: -40 }]);
  expect([ann.speaking, bob.speaking]).toEqual([true, false]);
  expect(bob.level).toBe(0);
});

test("nobody speaks when the server falls silent", () => {
  speech.setLevels([{ peerId: "ann", volume: -20 }]);
  vi.advanceTimersByTime(2_900);
  expect(ann.speaking).toBe(true);
  vi.advanceTimersByTime(200);
  expect(ann.speaking).toBe(false);
});

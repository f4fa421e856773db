import { expect, test } from "vitest";

import type { Pushes } from "../src/generated/messages.ts";
import { Recordings } from "../src/recordings.ts";
import type { Signaling } from "../src/signaling.ts";

const first = { recordingId: "first", audioOnly: false, startedAt: 1 };
const second = { recordingId: "second", audioOnly: true, startedAt: 2 };

/** Recordings on a signaling connection that records requests, and the function that the server pushes with. */
function setUp() {
  const listeners = new Map<string, (push: never) => void>();
  const requests: unknown[] = [];
  const changes: string[][] = [];
  const signaling = {
    on: (event: string, listener: (push: never) => void) => void listeners.set(event, listener),
    request: async (event: string, data: unknown) => void requests.push([event, data]),
  } as unknown as Signaling;
  const recordings = new Recordings(signaling);
  recordings.on("running", (running) => changes.push(running.map(({ recordingId }) => recordingId)));
  const push = <E extends keyof Pushes>(event: E, value: Pushes[E]) => listeners.get(event)?.(value as never);
  return { recordings, requests, changes, push };
}

test("a snapshot replaces what is known, and is a change only if it differs", () => {
  const { recordings, changes } = setUp();
  for (const running of [[], [first], [first], [second], []]) recordings.setRunning(running);
  expect(changes).toEqual([["first"], ["second"], []]);
});

test("a recording is listed once from its start to its stop", () => {
  const { recordings, changes, push } = setUp();
  push("recordingStarted", { recording: first, revision: 1 });
  push("recordingStarted", { recording: second, revision: 2 });
  push("recordingStarted", { recording: first, revision: 3 });
  expect(recordings.running).toEqual([second, first]);
  push("recordingStopped", { recordingId: "unknown", reason: "requested", revision: 4 });
  push("recordingStopped", { recordingId: "second", reason: "requested", revision: 5 });
  expect(recordings.running).toEqual([first]);
  expect(changes).toEqual([["first"], ["first", "second"], ["second", "first"], ["first"]]);
});

test("starting and stopping are requests", async () => {
  const { recordings, requests } = setUp();
  await recordings.start();
  await recordings.start({ audioOnly: true });
  await recordings.stop("first");
  expect(requests).toEqual([
    ["startRecording", { audioOnly: false }],
    ["startRecording", { audioOnly: true }],
    ["stopRecording", { recordingId: "first" }],
  ]);
});

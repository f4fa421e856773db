import { expect, test } from "vitest";

import { Captions, type CaptionLine } from "../src/captions.ts";
import type { Pushes } from "../src/generated/messages.ts";
import { RemoteParticipant } from "../src/participant.ts";
import type { Signaling } from "../src/signaling.ts";

const ann = new RemoteParticipant("ann", "user", "Ann", {});

/** Captions on a signaling connection that records requests, and the function that the server pushes with. */
function setUp() {
  const listeners = new Map<string, (push: never) => void>();
  const requests: string[] = [];
  const present = new Map([["ann", ann]]);
  const signaling = {
    on: (event: string, listener: (push: never) => void) => void listeners.set(event, listener),
    request: async (event: string) => void requests.push(event),
  } as unknown as Signaling;
  const captions = new Captions(signaling, (peerId) => present.get(peerId));
  const push = <E extends keyof Pushes>(event: E, value: Pushes[E]) => listeners.get(event)?.(value as never);
  const say = (segmentId: string, text: string, start: number, final = false) =>
    push("captions", { peerId: "ann", segmentId, text, final, start, end: start + 500 });
  const texts = () => captions.lines.map(({ text }) => text);
  return { captions, present, push, requests, say, texts };
}

test("a line changes until it is final, and lines are in the order of their beginnings", () => {
  const { captions, say, texts } = setUp();
  const lines: CaptionLine[] = [];
  captions.on("line", (line) => lines.push(line));
  say("a-0", "Ever", 1_000);
  say("b-0", "No matter.", 900, true);
  say("a-0", "Ever tried.", 1_000, true);
  expect(texts()).toEqual(["No matter.", "Ever tried."]);
  expect(lines.map(({ id, final }) => [id, final])).toEqual([["a-0", false], ["b-0", true], ["a-0", true]]);
  expect(captions.lines[1]).toEqual({ id: "a-0", participant: ann, name: "Ann", text: "Ever tried.", final: true, start: 1_000, end: 1_500 });
});

test("a line keeps the name of a speaker who has left, and one without text is none", () => {
  const { captions, present, say, texts } = setUp();
  say("a-0", "Ever", 1_000);
  present.clear();
  say("a-0", "Ever tried.", 1_000, true);
  expect(captions.lines[0]).toMatchObject({ participant: undefined, name: "Ann" });
  say("b-0", "Thank you", 2_000);
  say("b-0", "", 2_000, true);
  expect(texts()).toEqual(["Ever tried."]);
});

test("only the last hundred lines are kept", () => {
  const { say, texts } = setUp();
  for (let index = 0; index < 120; index += 1) say(`a-${index}`, `${index}`, index, true);
  expect([texts().length, texts()[0]]).toEqual([100, "20"]);
});

test("the state is that of the room, and is reported when it changes", async () => {
  const { captions, push, requests } = setUp();
  const states: unknown[] = [];
  captions.on("state", (active, limited) => states.push([active, limited]));
  push("captionsState", { on: true });
  captions.setState({ limited: false });
  captions.setState({ limited: true });
  push("captionsState", { on: false });
  expect(states).toEqual([[true, false], [true, true], [false, false]]);
  await captions.start();
  await captions.stop();
  expect(requests).toEqual(["startCaptions", "stopCaptions"]);
});

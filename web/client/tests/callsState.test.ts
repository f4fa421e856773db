import { readFile } from "node:fs/promises";

import { expect, test } from "vitest";

import { afterPush, callsTransitions, liveCallTransitions, next, type LiveCallState, type Row } from "../src/callsState.ts";
import { callInfo } from "./callsServer.ts";
import { diagram } from "./diagram.ts";

const tables: [name: string, table: readonly Row<string, string>[], starts: string[], end: string][] = [
  ["the connection", callsTransitions, ["idle"], "closed"],
  ["a call", liveCallTransitions, ["ringing", "calling", "active"], "over"],
];

test.each(tables)("the table of %s is deterministic, its last state is final, and every state is reachable", (_name, table, starts, end) => {
  const keys = table.map(({ from, event }) => `${from} ${event}`);
  expect(new Set(keys).size).toBe(keys.length);
  expect(table.some(({ from }) => from === end)).toBe(false);
  const states = new Set(table.flatMap(({ from, to }) => [from, to]));
  expect(new Set([...starts, ...table.map(({ to }) => to)])).toEqual(states);
});

test.each<LiveCallState>(["ringing", "answering", "calling", "active"])("a call that is %s can end", (state) => {
  expect(next(liveCallTransitions, state, "end")).toBe("over");
});

test("an answer elsewhere stops a ring, but not a call in which this device takes part", () => {
  expect(next(liveCallTransitions, "ringing", "elsewhere")).toBe("over");
  expect(next(liveCallTransitions, "active", "elsewhere")).toBeUndefined();
});

test.each(tables)("the guide contains the diagram of %s", async (_name, table, starts, end) => {
  const guide = await readFile(new URL("../../../docs/guides/ringing.md", import.meta.url), "utf8");
  expect(guide).toContain(diagram(table, starts, end));
});

const state = (info: ReturnType<typeof callInfo>, userId: string) => info.participants.find((one) => one.userId === userId)?.state;

test("events change the state of their participant, and an answer that of the call", () => {
  const answered = afterPush(callInfo(), "callAccepted", { callId: "c1", userId: "ben" });
  expect([answered.state, state(answered, "ben")]).toEqual(["active", "accepted"]);
  expect(state(afterPush(answered, "participantLeft", { callId: "c1", userId: "ben" }), "ben")).toBe("left");
  expect(state(afterPush(callInfo(), "callDeclined", { callId: "c1", userId: "ben", reason: "busy" }), "ben")).toBe("busy");
  expect(state(afterPush(callInfo(), "callMissed", { callId: "c1", userId: "ben", callerId: "ann", reason: "timeout" }), "ben")).toBe("missed");
});

test("the end of a call is in its information", () => {
  const info = afterPush(callInfo(), "callEnded", { callId: "c1", reason: "missed" });
  expect([info.state, info.endReason]).toEqual(["ended", "missed"]);
});

test("the caller in the room has not answered the call", () => {
  const info = afterPush(callInfo(), "participantJoined", { callId: "c1", userId: "ann" });
  expect([info.state, state(info, "ann")]).toEqual(["ringing", "joined"]);
});

test("a user who was not rung is added", () => {
  const info = afterPush(callInfo({ groupId: "g", state: "active" }), "participantJoined", { callId: "c1", userId: "cem" });
  expect(info.participants.at(-1)).toEqual({ userId: "cem", state: "joined" });
});

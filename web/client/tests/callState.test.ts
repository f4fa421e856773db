import { readFile } from "node:fs/promises";

import { expect, test } from "vitest";

import { diagram } from "./diagram.ts";
import { nextState, transitions, type CallState } from "../src/callState.ts";

test("the table is deterministic, and `ended` has no transition", () => {
  const keys = transitions.map(({ from, event }) => `${from} ${event}`);
  expect(new Set(keys).size).toBe(keys.length);
  expect(transitions.some(({ from }) => from === "ended")).toBe(false);
});

test("every state but `ended` can end, and every state is reachable", () => {
  const states: CallState[] = ["idle", "connecting", "waiting", "connected", "reconnecting", "ended"];
  for (const state of states) expect(nextState(state, "end")).toBe(state === "ended" ? undefined : "ended");
  const reached = new Set<CallState>(["idle", ...transitions.map(({ to }) => to)]);
  expect([...reached].sort()).toEqual([...states].sort());
});

test("an event without a transition has no next state", () => {
  expect(nextState("connecting", "lost")).toBeUndefined();
  expect(nextState("idle", "joined")).toBeUndefined();
});

test("the guide contains the diagram of this table", async () => {
  const guide = await readFile(new URL("../../../docs/guides/reconnection.md", import.meta.url), "utf8");
  expect(guide).toContain(diagram(transitions, ["idle"], "ended"));
});

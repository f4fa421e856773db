import { readFile } from "node:fs/promises";

import { expect, test } from "vitest";

import { diagram } from "./diagram.ts";
import { next, transitions, type CallState } from "../src/state.ts";

test("each step leads to one state, and nothing leads out of the end", () => {
  const keys = transitions.map(({ state, on }) => `${state} ${on}`);
  expect(new Set(keys).size).toBe(keys.length);
  expect(transitions.some(({ state }) => state === "ended")).toBe(false);
});

test("every state but the end can be ended, and every state is reached", () => {
  const states: CallState[] = ["idle", "connecting", "connected", "reconnecting", "ended"];
  for (const state of states) expect(next(state, "end")).toBe(state === "ended" ? undefined : "ended");
  const reached = new Set<CallState>(["idle", ...transitions.map(({ to }) => to)]);
  expect([...reached].sort()).toEqual([...states].sort());
});

test("what the table does not have changes nothing", () => {
  expect(next("connecting", "lost")).toBeUndefined();
  expect(next("idle", "joined")).toBeUndefined();
});

test("the guide shows the diagram of this table", async () => {
  const guide = await readFile(new URL("../../../docs/guides/reconnection.md", import.meta.url), "utf8");
  expect(guide).toContain(diagram(transitions));
});

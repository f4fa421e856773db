import { expect, test } from "vitest";

import { isRelayed } from "../src/relayed.ts";

const pair = (id: string, localCandidateId: string, nominated: boolean) => ({ id, type: "candidate-pair", localCandidateId, nominated, state: "succeeded" });
const candidates = [
  { id: "host", type: "local-candidate", candidateType: "host" },
  { id: "relay", type: "local-candidate", candidateType: "relay" },
];
const pairs = [pair("a", "host", false), pair("b", "relay", true)];

test("the pair counts that the transport names, whatever was nominated", () => {
  expect(isRelayed([{ id: "t", type: "transport", selectedCandidatePairId: "a" }, ...pairs, ...candidates])).toBe(false);
  expect(isRelayed([{ id: "t", type: "transport", selectedCandidatePairId: "b" }, ...pairs, ...candidates])).toBe(true);
});

test("without a name the nominated pair counts", () => {
  expect(isRelayed([{ id: "t", type: "transport" }, ...pairs, ...candidates])).toBe(true);
  expect(isRelayed([pair("a", "host", true), pair("b", "relay", false), ...candidates])).toBe(false);
});

test("a transport without a pair is not relayed", () => {
  expect(isRelayed([{ id: "t", type: "transport" }, ...candidates])).toBe(false);
});

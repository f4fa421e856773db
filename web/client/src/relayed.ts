/** Whether media takes the way over a TURN server. */

import type { Report } from "./stats.ts";

/**
 * Whether the selected candidate pair of a transport is relayed.
 *
 * @param reports - Its statistics (https://www.w3.org/TR/webrtc-stats/). Firefox does not name the selected pair.
 */
export function isRelayed(reports: readonly Report[]): boolean {
  const byId = new Map(reports.map((report) => [report.id, report]));
  const named = reports.filter(({ type }) => type === "transport").map((report) => byId.get(String(report["selectedCandidatePairId"])));
  const nominated = reports.filter(({ type, ...pair }) => type === "candidate-pair" && pair["nominated"] === true && pair["state"] === "succeeded");
  const pairs = named.some((pair) => pair) ? named : nominated;
  return pairs.some((pair) => byId.get(String(pair?.["localCandidateId"]))?.["candidateType"] === "relay");
}

import type { Transition } from "../src/callState.ts";

/** Draws a transition table as a Mermaid state diagram. */
export function diagram(table: readonly Transition[]): string {
  const arrows = table.map(({ from, event, to }) => `    ${from} --> ${to}: ${event}`);
  return ["```mermaid", "stateDiagram-v2", "    [*] --> idle", ...arrows, "    ended --> [*]", "```"].join("\n");
}

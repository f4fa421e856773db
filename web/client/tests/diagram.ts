import type { Transition } from "../src/state.ts";

/** Draws a transition table as a Mermaid state diagram. */
export function diagram(table: readonly Transition[]): string {
  const arrows = table.map(({ state, on, to }) => `    ${state} --> ${to}: ${on}`);
  return ["```mermaid", "stateDiagram-v2", "    [*] --> idle", ...arrows, "    ended --> [*]", "```"].join("\n");
}

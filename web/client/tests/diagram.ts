import type { Row } from "../src/callsState.ts";

/** Draws a transition table as a Mermaid state diagram. */
export function diagram(table: readonly Row<string, string>[], starts: readonly string[], end: string): string {
  const entries = starts.map((state) => `    [*] --> ${state}`);
  const arrows = table.map(({ from, event, to }) => `    ${from} --> ${to}: ${event}`);
  return ["```mermaid", "stateDiagram-v2", ...entries, ...arrows, `    ${end} --> [*]`, "```"].join("\n");
}

/** The table of a call's states as a Mermaid diagram. @param {readonly {state: string, on: string, to: string}[]} table */
export function diagram(table) {
  const arrows = table.map(({ state, on, to }) => `    ${state} --> ${to}: ${on}`);
  return ["```mermaid", "stateDiagram-v2", "    [*] --> idle", ...arrows, "    ended --> [*]", "```"].join("\n");
}

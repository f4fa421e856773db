/** The people and groups of this example. An application asks its own server; here they are in the address of the page. */

const query = new URLSearchParams(location.search);

/** A group, or a person. */
export interface Entry {
  kind: "group" | "person";
  id: string;
  name: string;
}

export const server = query.get("server") ?? "http://localhost:4000";
export const people = list("people", "person", "ann:Ann,ben:Ben,cem:Cem");
export const groups = list("groups", "group", "design:Design,tea:Tea break");
/** The user of this page, if the form was submitted. */
export const user = people.find(({ id }) => id === query.get("user"));

export function nameOf(id: string): string {
  return [...people, ...groups].find((entry) => entry.id === id)?.name ?? id;
}

/** Reads `id:name` pairs. */
function list(parameter: string, kind: Entry["kind"], example: string): Entry[] {
  return (query.get(parameter) ?? example).split(",").map((pair) => {
    const [id = "", name = id] = pair.split(":");
    return { kind, id, name };
  });
}

// Writes src/generated/messages.ts from the contracts' JSON schema; with --check it says whether that file is stale.
import { readFile, writeFile } from "node:fs/promises";
import { compile } from "json-schema-to-typescript";

const SCHEMA = new URL("../../../libs/contracts/schemas/socket.schema.json", import.meta.url);
const OUTPUT = new URL("../src/generated/messages.ts", import.meta.url);

const schema = JSON.parse(await readFile(SCHEMA, "utf8"));
const models = { $defs: Object.fromEntries(Object.entries(schema.$defs).map(([title, model]) => [title, tidy(model)])) };
const roots = { ...models, title: "Messages", type: "object", additionalProperties: false, properties: {} };
for (const title of Object.keys(schema.$defs)) roots.properties[title] = { $ref: `#/$defs/${title}` };
const types = await compile(roots, "Messages", { bannerComment: "", additionalProperties: false, ignoreMinAndMaxItems: true });

const text = `// Written by tools/generate-messages.mjs from the contracts' schema; \`npm run check\` fails when it is stale.

${types.replace(/export interface Messages \{[\s\S]*?\n\}\n/, "")}
/** What each event is asked with, and what it is answered. */
export interface Calls {
${Object.entries(schema.calls).map(([event, { request, acknowledgement }]) => `  ${event}: [${name(request)}, ${name(acknowledgement)}];`).join("\n")}
}

/** What the server sends unasked. */
export interface Pushes {
${Object.entries(schema.pushes).map(([event, push]) => `  ${event}: ${name(push)};`).join("\n")}
}
`;

if (process.argv.includes("--check")) {
  if ((await readFile(OUTPUT, "utf8").catch(() => "")) !== text) {
    console.error("src/generated/messages.ts is stale: npm run generate");
    process.exit(1);
  }
} else {
  await writeFile(OUTPUT, text);
}

function name({ $ref }) {
  return $ref.split("/").at(-1);
}

/** Titles of fields would become types of their own; absent fields are left out, so that null is nobody's to send. */
function tidy(model) {
  const properties = Object.entries(model.properties ?? {}).map(([key, value]) => [key, field(value)]);
  return { ...model, properties: Object.fromEntries(properties) };
}

function field({ title: _title, default: _default, ...schema }) {
  const choices = schema.anyOf?.filter(({ type }) => type !== "null");
  if (choices?.length === 1) return field({ ...schema, anyOf: undefined, ...choices[0] });
  if (schema.items) return { ...schema, items: field(schema.items) };
  return Object.fromEntries(Object.entries(schema).filter(([, value]) => value !== undefined));
}

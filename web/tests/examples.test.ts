/** The examples build. A browser test runs examples/plain-js (tests/e2e/test_sdk_reconnects.py). */

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { build } from "vite";
import { afterEach, expect, test } from "vitest";

const examples = join(import.meta.dirname, "..", "..", "examples");
const outDir = mkdtempSync(join(tmpdir(), "hubbub-example-"));

afterEach(() => rmSync(outDir, { recursive: true, force: true }));

/** The others are in Python (tests/integration/test_python_examples.py). */
const pages = readdirSync(examples).filter((name) => existsSync(join(examples, name, "package.json")));

test.each(pages)("examples/%s builds", async (name) => {
  await build({ root: join(examples, name), logLevel: "error", build: { outDir, emptyOutDir: true } });
  const assets = readdirSync(join(outDir, "assets")).filter((file) => file.endsWith(".js"));
  const text = assets.map((file) => readFileSync(join(outDir, "assets", file), "utf8")).join("\n");
  expect(text).toContain("joinRoom");
}, 120_000);

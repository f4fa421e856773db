/** The package as an application gets it: packed, installed, type-checked and bundled. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { build } from "vite";
import { afterAll, beforeAll, expect, test } from "vitest";

const root = join(import.meta.dirname, "..");
const app = mkdtempSync(join(tmpdir(), "hubbub-client-"));

const PLAIN = `import { Call } from "@hubbub/client";
const call = new Call({ room: "tea", name: "Ann" });
call.on("participantJoined", (participant) => console.log(participant.name));
void call.join();
`;
const REACT = `import { VideoCall } from "@hubbub/client/react";
import "@hubbub/client/styles.css";
export const App = () => <VideoCall room="tea" name="Ann" />;
`;
const COMPILER = {
  compilerOptions: { strict: true, module: "esnext", moduleResolution: "bundler", target: "es2023", lib: ["es2023", "dom", "dom.iterable"], jsx: "react-jsx", noEmit: true, types: ["vite/client"] },
  files: ["plain.ts", "app.tsx"],
};

beforeAll(() => {
  // What the package needs is there already: nothing comes from a registry.
  const modules = join(app, "node_modules");
  const installed = join(modules, "@hubbub", "client");
  mkdirSync(installed, { recursive: true });
  for (const name of readdirSync(join(root, "node_modules")).filter((name) => !name.startsWith("."))) {
    symlinkSync(join(root, "node_modules", name), join(modules, name));
  }
  const npm = process.env["npm_execpath"];
  const [command, ...before] = npm ? [process.execPath, npm] : ["npm"];
  execFileSync(command, [...before, "pack", "--silent", "--pack-destination", app], { cwd: root, stdio: "pipe" });
  const [tarball] = readdirSync(app).filter((name) => name.endsWith(".tgz"));
  execFileSync("tar", ["-xzf", join(app, tarball as string), "--strip-components=1", "-C", installed]);
  writeFileSync(join(app, "plain.ts"), PLAIN);
  writeFileSync(join(app, "app.tsx"), REACT);
  writeFileSync(join(app, "tsconfig.json"), JSON.stringify(COMPILER));
}, 120_000);

afterAll(() => rmSync(app, { recursive: true, force: true }));

async function bundle(entry: string): Promise<string> {
  const outDir = join(app, "out");
  const lib = { entry: join(app, entry), formats: ["es" as const], fileName: () => "bundle.js", cssFileName: "bundle" };
  await build({ root: app, configFile: false, logLevel: "error", build: { outDir, emptyOutDir: true, lib } });
  return readFileSync(join(outDir, "bundle.js"), "utf8");
}

test("an application's types agree with it", () => {
  const compiler = join(root, "node_modules", "typescript", "bin", "tsc");
  execFileSync(process.execPath, [compiler, "--project", app], { stdio: "pipe" });
}, 120_000);

test("the SDK brings no React with it", async () => {
  const text = await bundle("plain.ts");
  expect(text).toContain("joinRoom");
  expect(text).not.toMatch(/useSyncExternalStore|__CLIENT_INTERNALS|jsx-runtime/);
}, 120_000);

test("the components are bundled, with their styles", async () => {
  expect(await bundle("app.tsx")).toContain("useSyncExternalStore");
  expect(readdirSync(join(app, "out")).some((name) => name.endsWith(".css"))).toBe(true);
}, 120_000);

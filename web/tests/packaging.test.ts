/** The packages as an application gets them: packed, installed, type-checked and bundled. */

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { build } from "vite";
import { afterAll, beforeAll, expect, test } from "vitest";

const root = join(import.meta.dirname, "..", "..");
const app = mkdtempSync(join(tmpdir(), "hubbub-packaging-"));

const PACKAGES = ["client", "react"];
const PLAIN = `import { Call } from "@hubbub/client";
const call = new Call({ room: "tea", name: "Ann" });
call.on("participantJoined", (participant) => console.log(participant.name));
void call.join();
`;
const REACT = `import { VideoCall } from "@hubbub/react";
import "@hubbub/react/styles.css";
export const App = () => <VideoCall room="tea" name="Ann" />;
`;
const COMPILER = {
  compilerOptions: { strict: true, module: "esnext", moduleResolution: "bundler", target: "es2023", lib: ["es2023", "dom", "dom.iterable"], jsx: "react-jsx", noEmit: true, types: ["vite/client"] },
  files: ["plain.ts", "app.tsx"],
};

beforeAll(() => {
  const modules = join(app, "node_modules");
  mkdirSync(modules);
  // Third-party packages are linked from this workspace, so that nothing is fetched from a registry.
  for (const name of readdirSync(join(root, "node_modules")).filter((name) => !name.startsWith(".") && name !== "@hubbub")) {
    symlinkSync(join(root, "node_modules", name), join(modules, name));
  }
  for (const name of PACKAGES) {
    const installed = join(modules, "@hubbub", name);
    mkdirSync(installed, { recursive: true });
    execFileSync("tar", ["-xzf", pack(name), "--strip-components=1", "-C", installed]);
  }
  writeFileSync(join(app, "plain.ts"), PLAIN);
  writeFileSync(join(app, "app.tsx"), REACT);
  writeFileSync(join(app, "tsconfig.json"), JSON.stringify(COMPILER));
}, 120_000);

afterAll(() => rmSync(app, { recursive: true, force: true }));

/** Packs a package of this workspace. Returns the path of its tarball. */
function pack(name: string): string {
  const npm = process.env["npm_execpath"];
  const [command, ...before] = npm ? [process.execPath, npm] : ["npm"];
  execFileSync(command, [...before, "pack", "--silent", "--pack-destination", app], { cwd: join(root, "web", name), stdio: "pipe" });
  const [tarball] = readdirSync(app).filter((file) => file.startsWith(`hubbub-${name}-`) && file.endsWith(".tgz"));
  return join(app, tarball as string);
}

async function bundle(entry: string): Promise<string> {
  const outDir = join(app, "out");
  const lib = { entry: join(app, entry), formats: ["es" as const], fileName: () => "bundle.js", cssFileName: "bundle" };
  await build({ root: app, configFile: false, logLevel: "error", build: { outDir, emptyOutDir: true, lib } });
  return readFileSync(join(outDir, "bundle.js"), "utf8");
}

test.each(PACKAGES)("@hubbub/%s contains its build and no sources or caches", (name) => {
  const files = readdirSync(join(app, "node_modules", "@hubbub", name), { recursive: true, encoding: "utf8" });
  expect(files).toContain(join("lib", "index.js"));
  expect(files).toContain(join("lib", "index.d.ts"));
  expect(files.filter((file) => /(?<!\.d)\.tsx?$|\.tsbuildinfo$/.test(file))).toEqual([]);
});

test("an application passes the type check", () => {
  const compiler = join(root, "node_modules", "typescript", "bin", "tsc");
  execFileSync(process.execPath, [compiler, "--project", app], { stdio: "pipe" });
}, 120_000);

test("a bundle of the SDK contains no React", async () => {
  const text = await bundle("plain.ts");
  expect(text).toContain("joinRoom");
  expect(text).not.toMatch(/useSyncExternalStore|__CLIENT_INTERNALS|jsx-runtime/);
}, 120_000);

test("a bundle of the components contains React and their styles", async () => {
  expect(await bundle("app.tsx")).toContain("useSyncExternalStore");
  expect(readdirSync(join(app, "out")).some((name) => name.endsWith(".css"))).toBe(true);
}, 120_000);

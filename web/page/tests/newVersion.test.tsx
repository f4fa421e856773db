// @vitest-environment jsdom
import { act, cleanup, renderHook, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { buildOf, mayReloadFor, serverBuild } from "../src/newVersion.ts";

const html = (...assets: string[]) => `<head>${assets.map((name) => `<script src="./assets/${name}"></script>`).join("")}</head>`;
const answerWith = (body: string, status = 200) => vi.stubGlobal("fetch", vi.fn(async () => new Response(body, { status })));

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
  sessionStorage.clear();
});

describe("the build of a page", () => {
  it("consists of the names of its assets, in any order", () => {
    expect(buildOf(html("index-a1_B.js", "index-c3.css"))).toBe("assets/index-a1_B.js assets/index-c3.css");
    expect(buildOf(html("index-c3.css", "index-a1_B.js", "index-c3.css"))).toBe(buildOf(html("index-a1_B.js", "index-c3.css")));
    expect(buildOf('<script type="module" src="/src/main.tsx"></script>')).toBe("");
  });

  it("is fetched from the path at which the server serves the page", async () => {
    answerWith(html("index-a.js"));
    expect(await serverBuild("https://calls.example/call/index.html?room=tea#x")).toBe("assets/index-a.js");
    expect(fetch).toHaveBeenCalledWith(new URL("https://calls.example/call/"), { cache: "no-cache" });
  });

  it.each([
    ["an error", html("index-a.js"), 503],
    ["the page of a proxy", "<h1>Starting</h1>", 200],
  ])("is unknown when the answer is %s", async (_, body, status) => {
    answerWith(body, status);
    expect(await serverBuild("https://calls.example/")).toBeUndefined();
  });

  it("is unknown when the server does not answer", async () => {
    vi.stubGlobal("fetch", async () => {
      throw new TypeError("Failed to fetch");
    });
    expect(await serverBuild("https://calls.example/")).toBeUndefined();
  });
});

it("the page reloads by itself once for each build, and never without storage", () => {
  expect([mayReloadFor("a", sessionStorage), mayReloadFor("a", sessionStorage), mayReloadFor("b", sessionStorage)]).toEqual([true, false, true]);
  const blocked = () => {
    throw new Error("blocked");
  };
  expect(mayReloadFor("a", { getItem: blocked, setItem: blocked })).toBe(false);
});

describe("an old page", () => {
  const reload = vi.fn();

  beforeEach(() => {
    reload.mockClear();
    vi.stubGlobal("location", { href: "https://calls.example/", reload });
    vi.spyOn(document, "visibilityState", "get").mockReturnValue("visible");
  });

  /** The hook in a page of the build `old`. */
  async function inOldPage(idle: boolean) {
    document.head.innerHTML = html("index-old.js");
    vi.resetModules();
    const { useNewVersion } = await import("../src/useNewVersion.ts");
    return renderHook(({ idle }) => useNewVersion(idle), { initialProps: { idle } });
  }

  it("knows of the new version during a call, and reloads when the call is over", async () => {
    answerWith(html("index-new.js"));
    const { result, rerender } = await inOldPage(false);
    act(() => result.current.check());
    await waitFor(() => expect(result.current.available).toBe(true));
    expect(reload).not.toHaveBeenCalled();
    rerender({ idle: true });
    expect(reload).toHaveBeenCalledOnce();
  });

  it.each([
    ["it becomes visible", () => document.dispatchEvent(new Event("visibilitychange"))],
    ["a part of it cannot be loaded", () => dispatchEvent(new Event("vite:preloadError"))],
  ])("notices when %s", async (_, happen) => {
    answerWith(html("index-new.js"));
    await inOldPage(true);
    act(happen);
    await waitFor(() => expect(reload).toHaveBeenCalledOnce());
  });

  it("stays when the server has the same build, also again", async () => {
    answerWith(html("index-new.js"));
    const { result } = await inOldPage(false);
    act(() => result.current.check());
    await waitFor(() => expect(result.current.available).toBe(true));
    answerWith(html("index-old.js"));
    act(() => result.current.check());
    await waitFor(() => expect(result.current.available).toBe(false));
  });
});

// @vitest-environment jsdom
/** The page of recordings, against the routes' answers. */
import { cleanup, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { readAddress, recordingsUrl } from "../src/address.ts";
import { RecordingsPage } from "../src/recordings/RecordingsPage.tsx";
import { length, size, state } from "../src/recordings/strings.ts";

const RECORDING = { recordingId: "one", callId: "tea", state: "finished", audioOnly: false, startedAt: 1_000, stoppedAt: 66_000 } as const;
const TRACK = {
  file: "00-001-microphone.webm",
  kind: "audio",
  source: "microphone",
  displayName: "Ann",
  userId: "ann",
  peerId: "ann",
  producerId: "p",
  codec: "opus",
  segment: 0,
  start: 0,
  duration: 65_000,
  bytes: 241_000,
};

/** What the server answers to `METHOD route`. */
let answers: Record<string, unknown>;
let requests: string[];

beforeEach(() => {
  answers = {
    "GET /recordings": { recordings: [RECORDING] },
    "GET /recordings/one": { recording: RECORDING, tracks: [TRACK] },
    "POST /recordings/one/ticket": { ticket: "t.1", expiresAt: 9 },
    "DELETE /recordings/one": {},
  };
  requests = [];
  vi.stubGlobal("fetch", async (address: string, { method, headers }: { method: string; headers: Record<string, string> }) => {
    const route = `${method} ${address}`;
    requests.push(headers["Authorization"] ? `${route} ${headers["Authorization"]}` : route);
    const answer = answers[route];
    return answer instanceof Response ? answer.clone() : Response.json(answer ?? { error: { code: "not_found", message: "no", retryable: false } }, { status: answer ? 200 : 404 });
  });
  vi.stubGlobal("IntersectionObserver", class {
    observe() {}
    disconnect() {}
  });
  vi.spyOn(HTMLMediaElement.prototype, "pause").mockReturnValue();
});

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

function show(recording = "", token = "") {
  const onRecording = vi.fn();
  render(<RecordingsPage room="" recording={recording} token={token} footer={null} onHome={() => undefined} onRecording={onRecording} />);
  return onRecording;
}

describe("the list", () => {
  it("has a link to each recording", async () => {
    const onRecording = show();
    const link = await screen.findByRole("link", { name: /tea.*1:05/ });
    expect(link.getAttribute("href")).toBe("?recording=one");
    await userEvent.click(link);
    expect(onRecording).toHaveBeenCalledWith("one");
  });

  it("loads the next page on demand", async () => {
    answers["GET /recordings"] = { recordings: [RECORDING], next: 1_000 };
    answers["GET /recordings?before=1000"] = { recordings: [{ ...RECORDING, recordingId: "two", callId: "old" }] };
    show();
    await userEvent.click(await screen.findByRole("button", { name: "Show more" }));
    expect(await screen.findByRole("link", { name: /old/ })).toBeTruthy();
    expect(screen.queryByRole("button", { name: "Show more" })).toBeNull();
  });

  it("says when there is nothing, and when the server does not answer", async () => {
    answers["GET /recordings"] = { recordings: [] };
    show();
    expect(await screen.findByText(/Nothing was recorded/)).toBeTruthy();
    cleanup();
    vi.stubGlobal("fetch", () => Promise.reject(new TypeError("no network")));
    show();
    expect((await screen.findByRole("alert")).textContent).not.toBe("");
  });

  it("asks for a credential when the server wants one, and shows it", async () => {
    const open = answers["GET /recordings"];
    answers["GET /recordings"] = Response.json({ error: { code: "unauthenticated", message: "a bearer token is required", retryable: false } }, { status: 401 });
    show();
    const field = await screen.findByLabelText("API key or access token");
    answers["GET /recordings"] = open;
    await userEvent.type(field, "key-1{Enter}");
    expect(await screen.findByRole("link", { name: /tea/ })).toBeTruthy();
    expect(requests.at(-1)).toBe("GET /recordings Bearer key-1");
  });

  it("shows the picture of a composition", async () => {
    vi.stubGlobal("IntersectionObserver", class {
      constructor(private readonly seen: (entries: { isIntersecting: boolean }[]) => void) {}
      observe() {
        this.seen([{ isIntersecting: true }]);
      }
      disconnect() {}
    });
    const composition = { compositionId: "c", state: "done", poster: "composed-c.jpg" };
    answers["GET /recordings"] = { recordings: [{ ...RECORDING, compositions: [composition] }] };
    show();
    await vi.waitFor(() => expect(document.querySelector("img")?.getAttribute("src")).toBe("/recordings/one/files/composed-c.jpg?ticket=t.1"));
  });
});

describe("a recording", () => {
  it("plays its files by ticket, and offers them", async () => {
    show("one", "token-of-the-address");
    expect(await screen.findByRole("button", { name: "Play" })).toBeTruthy();
    expect(document.querySelector("audio")?.getAttribute("src")).toBe("/recordings/one/files/00-001-microphone.webm?ticket=t.1");
    expect(screen.getByRole("link", { name: TRACK.file }).getAttribute("href")).toContain("ticket=t.1");
    expect(screen.getByText(/· 1:05 · Ann$/)).toBeTruthy();
    expect(screen.getByText("Ann, microphone, 241 kB")).toBeTruthy();
    expect(requests).toContain("POST /recordings/one/ticket Bearer token-of-the-address");
  });

  it("offers what is composed of it", async () => {
    const made = { compositionId: "c", layout: "grid", format: "mp4", audioOnly: false, width: 1280, height: 720, requestedAt: 1 };
    const compositions = [{ ...made, state: "done", file: "composed-c.mp4", bytes: 9_000_000 }, { ...made, state: "running", progress: 0.5 }];
    answers["GET /recordings/one"] = { recording: { ...RECORDING, compositions }, tracks: [TRACK] };
    show("one");
    expect((await screen.findByRole("link", { name: "composed-c.mp4" })).getAttribute("href")).toContain("ticket=t.1");
    expect(screen.getByText("everybody, 9.0 MB")).toBeTruthy();
    expect(screen.getAllByRole("link", { name: /webm|mp4/ })).toHaveLength(2);
  });

  it("is made one file of everybody, with its progress", async () => {
    const composition = { compositionId: "c", layout: "speaker", format: "mp4", audioOnly: false, width: 1280, height: 720, state: "running", progress: 0.4, requestedAt: 1 };
    answers["POST /recordings/one/compositions"] = composition;
    show("one");
    await userEvent.selectOptions(await screen.findByLabelText("One file of everybody"), "Who speaks is large");
    answers["GET /recordings/one"] = { recording: { ...RECORDING, compositions: [composition] }, tracks: [TRACK] };
    await userEvent.click(screen.getByRole("button", { name: "Make" }));
    expect((await screen.findByRole<HTMLProgressElement>("progressbar", { name: "Being made" })).value).toBe(0.4);
    const done = { ...composition, state: "done", file: "composed-c.mp4", bytes: 2_000_000 };
    answers["GET /recordings/one"] = { recording: { ...RECORDING, compositions: [done] }, tracks: [TRACK] };
    expect(await screen.findByRole("link", { name: "composed-c.mp4" })).toBeTruthy();
    expect(screen.queryByRole("progressbar")).toBeNull();
    expect(requests.filter((one) => one.startsWith("POST /recordings/one/ticket"))).toHaveLength(1);
  });

  it("is deleted after a second question", async () => {
    const onRecording = show("one");
    await userEvent.click(await screen.findByRole("button", { name: "Delete …" }));
    expect(requests.some((one) => one.startsWith("DELETE"))).toBe(false);
    await userEvent.click(screen.getByRole("button", { name: "Delete" }));
    await vi.waitFor(() => expect(onRecording).toHaveBeenCalledWith(""));
    expect(requests).toContain("DELETE /recordings/one");
  });

  it("that does not exist is an error", async () => {
    show("unknown");
    expect((await screen.findByRole("alert")).textContent).toBe("no");
  });
});

describe("strings", () => {
  it.each([
    [0, "0 bytes"],
    [999, "999 bytes"],
    [1_000, "1.0 kB"],
    [241_000, "241 kB"],
    [5_140_000_000, "5.1 GB"],
  ])("%d bytes are %s", (bytes, text) => expect(size(bytes)).toBe(text));

  it("say what is unusual", () => {
    expect([state(RECORDING), length(RECORDING)]).toEqual(["", "1:05"]);
    expect(state({ ...RECORDING, stopReason: "disk_full" })).toContain("disk was full");
    const { stoppedAt: _, ...running } = RECORDING;
    expect([state({ ...running, state: "recording" }), length(running)]).toEqual(["being recorded", ""]);
  });

  it("addresses name the recording and the room", () => {
    expect(readAddress(recordingsUrl("tea & more", "one"))).toMatchObject({ room: "tea & more", recording: "one", recordings: false });
    expect(readAddress(recordingsUrl(""))).toMatchObject({ room: "", recording: "", recordings: true });
    expect(readAddress("?recording=../x").recording).toBe("");
  });
});

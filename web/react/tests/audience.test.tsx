// @vitest-environment jsdom
/** What the components show of an audience, and to one who is in it, with a real SDK call against a fake server. */
import { cleanup, render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { Device } from "mediasoup-client";
import * as fakeParameters from "mediasoup-client/fakeParameters";
import { FakeHandler } from "mediasoup-client/handlers/FakeHandler";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { Call } from "@hubbub/client";
import { CallView, VideoCall, type VideoCallProps } from "../src/index.ts";
import { RoomServer } from "../../client/tests/roomServer.ts";
import { FakeDevices } from "./fakeDevices.ts";

let server: RoomServer;
let devices: FakeDevices;
let calls: Call[];

beforeEach(async () => {
  for (const [side, size] of [["clientWidth", 1256], ["clientHeight", 668]] as const) {
    Object.defineProperty(HTMLElement.prototype, side, { value: size, configurable: true });
  }
  globalThis.ResizeObserver = class {
    observe() {}
    unobserve() {}
    disconnect() {}
  };
  devices = new FakeDevices({ video: ["front"], audio: ["headset"] });
  devices.install();
  server = await new RoomServer().start();
  server.peers = [{ peerId: "Ann", userId: "Ann", displayName: "Ann", appData: {}, connectionState: "connected", producers: [] }];
  server.override.joinRoom = () => ({ peerId: "me", peers: server.peers, revision: 1, iceServers: [], resumeToken: "token", audience: 3 });
  calls = [];
});

afterEach(async () => {
  cleanup();
  for (const call of calls) await call.leave();
  await server.stop();
});

const newDevice = () => new Device({ handlerFactory: FakeHandler.createFactory(fakeParameters) });
const buttons = () => screen.getAllByRole("button").map((button) => (button as HTMLElement).dataset["action"]);
const names = () => [...document.querySelectorAll(".hb-name")].map(({ textContent }) => textContent);

async function view(audience: boolean): Promise<Call> {
  const call = new Call({ url: server.url, room: "tea", name: "Ben", device: newDevice(), audience });
  calls.push(call);
  await call.join();
  render(<CallView call={call} />);
  return call;
}

function renderCall(props: Partial<VideoCallProps> = {}): void {
  render(<VideoCall room="tea" url={server.url} device={newDevice()} onCall={(next) => calls.push(next)} {...props} />);
}

describe("a running call", () => {
  it("shows how many watch, until nobody does", async () => {
    await view(false);
    expect(screen.getByText("3 watching")).toBeTruthy();
    expect(names()).toEqual(["Ann", "Ben (you)"]);
    server.push("audienceChanged", { count: 1200 });
    await screen.findByText("1200 watching");
    await userEvent.click(screen.getByRole("button", { name: /^People/ }));
    expect(screen.getAllByText("1200 watching")).toHaveLength(2);
    server.push("audienceChanged", { count: 0 });
    await waitFor(() => expect(screen.queryByText(/watching/)).toBeNull());
  });

  it("has nothing for sending, and no tile, for one who watches", async () => {
    const call = await view(true);
    expect(names()).toEqual(["Ann"]);
    expect(screen.getByText("You are watching")).toBeTruthy();
    for (const action of ["microphone", "camera", "screen", "hand"]) expect(buttons()).not.toContain(action);
    expect(buttons()).toContain("leave");
    await userEvent.keyboard("{Alt>}vm{/Alt}");
    expect([devices.opened, call.local.publications.size]).toEqual([[], 0]);
    await userEvent.click(screen.getByRole("button", { name: "Settings" }));
    expect(screen.queryByLabelText("Camera")).toBeNull();
    await userEvent.click(screen.getByRole("button", { name: /^People/ }));
    expect(document.querySelectorAll(".hb-people li")).toHaveLength(1);
  });
});

describe("the form", () => {
  it("offers to watch, by keyboard, and then opens no device again", async () => {
    renderCall({ offerAudience: true, name: "Ben" });
    await waitFor(() => expect(devices.opened).toHaveLength(2));
    screen.getByRole("button", { name: "Join now" }).focus();
    await userEvent.tab();
    await userEvent.keyboard("{Enter}");
    await screen.findByText("3 watching");
    expect(server.last("joinRoom")).toMatchObject({ audience: true, displayName: "Ben" });
    expect(devices.opened.map(({ readyState }) => readyState)).toEqual(["ended", "ended"]);
    await userEvent.click(screen.getByRole("button", { name: "Leave" }));
    await userEvent.click(await screen.findByRole("button", { name: "Rejoin" }));
    await screen.findByText("3 watching");
    expect(server.requests.filter(({ event }) => event === "joinRoom").map(({ request }) => request["audience"])).toEqual([true, true]);
    expect(devices.opened).toHaveLength(2);
  });

  it("does not offer it unless the application wants it to", async () => {
    renderCall({ name: "Ben" });
    await waitFor(() => expect(devices.opened).toHaveLength(2));
    expect(screen.queryByRole("button", { name: "Watch only" })).toBeNull();
    await userEvent.click(screen.getByRole("button", { name: "Join now" }));
    await waitFor(() => expect(server.last("joinRoom")).toBeDefined());
    expect(server.last("joinRoom")).not.toHaveProperty("audience");
  });

  it("asks for a name only when watching is all that there is", async () => {
    renderCall({ audience: true });
    expect(screen.queryByRole("button", { name: "Camera" })).toBeNull();
    await userEvent.type(screen.getByLabelText("Your name"), " Ben {Enter}");
    await screen.findByText("3 watching");
    expect(server.last("joinRoom")).toMatchObject({ audience: true, displayName: "Ben" });
    expect(devices.opened).toEqual([]);
  });

  it("is left out with a name and without `preJoin`", async () => {
    renderCall({ audience: true, preJoin: false, name: "Ben" });
    await screen.findByText("3 watching");
    expect(devices.opened).toEqual([]);
  });
});

// @vitest-environment jsdom
/** The page's controls of moderators, with a real SDK call against a fake server. */
import { cleanup, render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { Device } from "mediasoup-client";
import * as fakeParameters from "mediasoup-client/fakeParameters";
import { FakeHandler } from "mediasoup-client/handlers/FakeHandler";
import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { Call, type CallState } from "@hubbub/client";
import type { ModerationState, PeerInfo, RoomJoined } from "../../client/src/generated/messages.ts";
import { CallView, VideoCall } from "../src/index.ts";
import { RoomServer } from "../../client/tests/roomServer.ts";
import { FakeDevices } from "./fakeDevices.ts";

const BOB: PeerInfo = {
  peerId: "bob",
  userId: "bob",
  displayName: "Bob",
  appData: {},
  connectionState: "connected",
  producers: [{ producerId: "p", kind: "audio", appData: {}, paused: false, source: "microphone" }],
  role: "speaker",
  muted: [],
};
const EVE = { peerId: "eve", userId: "eve", displayName: "Eve", appData: {} };
let server: RoomServer;
let call: Call | undefined;

beforeEach(async () => {
  // jsdom has no layout, so nothing ever changes its size.
  vi.stubGlobal("ResizeObserver", class { observe() {} disconnect() {} });
  new FakeDevices({ video: [], audio: [] }).install();
  server = await new RoomServer().start();
});

afterEach(async () => {
  cleanup();
  await call?.leave();
  await server.stop();
  vi.unstubAllGlobals();
});

const device = () => new Device({ handlerFactory: FakeHandler.createFactory(fakeParameters) });

async function show(role: ModerationState["role"]): Promise<void> {
  const moderation: ModerationState = { role, locked: false, lobby: false, muted: [], waiting: [] };
  server.override.joinRoom = (): RoomJoined => ({ peerId: "me", peers: [BOB], revision: 1, iceServers: [], resumeToken: "t", recordings: [], moderation, waiting: false });
  call = new Call({ url: server.url, room: "tea", name: "Ben", device: device() });
  await call.join();
  render(<CallView call={call} />);
}

it("gives a moderator the controls of each participant and of the room", async () => {
  await show("moderator");
  await userEvent.click(screen.getByText("People"));
  await userEvent.click(screen.getByRole("button", { name: "Moderate Bob" }));
  const actions = within(screen.getByRole("group", { name: "Moderate Bob" }));
  expect(actions.queryByText("Ask to unmute microphone")).toBeNull();
  server.push("producerPaused", { producerId: "p", peerId: "bob", revision: 2 });
  await actions.findByText("Ask to unmute microphone");
  await userEvent.click(actions.getByText("Mute microphone"));
  server.push("peerMuted", { peerId: "bob", source: "microphone", muted: true, revision: 3 });
  await waitFor(() => expect(actions.queryByText("Mute microphone")).toBeNull());
  await userEvent.click(await actions.findByText("Ask to unmute microphone"));
  await userEvent.selectOptions(actions.getByRole("combobox"), "Listener");
  await userEvent.click(actions.getByText("Remove for good"));
  await userEvent.click(screen.getByRole("checkbox", { name: /Lock the room/ }));
  await userEvent.click(screen.getByRole("checkbox", { name: /Lobby/ }));
  await userEvent.click(screen.getByText("End the call for everybody…"));
  expect(server.count("closeRoom"), "it is asked again").toBe(0);
  await userEvent.click(screen.getByText("End it for everybody"));
  await waitFor(() =>
    expect(server.requests.slice(-7).map(({ event }) => event)).toEqual(["mutePeer", "unmutePeer", "setRole", "removePeer", "lockRoom", "setLobby", "closeRoom"]),
  );
});

it("gives others none", async () => {
  await show("speaker");
  await userEvent.click(screen.getByText("People"));
  expect(screen.queryByRole("button", { name: "Moderate Bob" })).toBeNull();
  expect(screen.queryByRole("checkbox", { name: /Lock the room/ })).toBeNull();
  server.push("roleChanged", { peerId: "me", role: "moderator", revision: 2 });
  await screen.findByRole("button", { name: "Moderate Bob" });
});

it("tells who waits in the lobby, and admits them", async () => {
  await show("moderator");
  server.push("lobbyPeerJoined", { peer: EVE, revision: 2 });
  await screen.findByText(/Eve would like to join/);
  await userEvent.click(screen.getByText("Admit"));
  await waitFor(() => expect(server.last("admitPeer")).toEqual({ peerId: "eve" }));
  server.push("lobbyPeerLeft", { peerId: "eve", admitted: true, revision: 3 });
  await waitFor(() => expect(screen.queryByText(/Eve would like to join/)).toBeNull());
});

it("asks whoever is asked to unmute, and does not switch anything on by itself", async () => {
  await show("speaker");
  const setMicrophone = vi.spyOn(call!.local, "setMicrophone").mockResolvedValue();
  server.push("peerMuted", { peerId: "me", source: "microphone", muted: true, revision: 2 });
  await screen.findByText("A moderator muted your microphone.");
  server.push("peerMuted", { peerId: "me", source: "microphone", muted: false, revision: 3 });
  server.push("unmuteRequested", { source: "microphone", askedBy: "bob", revision: 4 });
  await screen.findByText("Bob asks you to switch on your microphone.");
  expect(setMicrophone).not.toHaveBeenCalled();
  await userEvent.click(screen.getByText("Switch on"));
  expect(setMicrophone).toHaveBeenCalledWith(true, undefined);
});

it("raises and lowers the hand", async () => {
  await show("listener");
  const hand = screen.getByRole("button", { name: "Raise hand" });
  await userEvent.click(hand);
  await waitFor(() => expect(server.count("raiseHand")).toBe(1));
  server.push("handRaised", { peerId: "me", raisedAt: 5, revision: 2 });
  await waitFor(() => expect(hand.getAttribute("aria-pressed")).toBe("true"));
  await userEvent.click(hand);
  await waitFor(() => expect(server.count("lowerHand")).toBe(1));
});

it("shows the lobby until somebody admits", async () => {
  server.override.joinRoom = () => ({ peerId: "me", peers: [], revision: 1, iceServers: [], resumeToken: "t", recordings: [], waiting: true });
  const states: CallState[] = [];
  render(<VideoCall url={server.url} room="tea" name="Ben" device={device()} preJoin={false} onCall={(next) => (call = next).on("state", (state) => states.push(state))} />);
  await screen.findByText("Somebody will let you in soon");
  server.push("roomClosed", { reason: "refused" });
  await screen.findByText("You were not let in");
  expect(states).toEqual(["connecting", "waiting", "ended"]);
});

// @vitest-environment jsdom
/** The components with a real SDK call against a fake server. */
import { act, cleanup, render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { FakeMediaStreamTrack } from "fake-mediastreamtrack";
import { Device } from "mediasoup-client";
import * as fakeParameters from "mediasoup-client/fakeParameters";
import { FakeHandler } from "mediasoup-client/handlers/FakeHandler";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { CallView, ParticipantList, ScreenShareView, StatsOverlay, VideoCall, VideoControls, VideoGrid } from "../src/index.ts";
import { Call, type Source, type TransportStats } from "@hubbub/client";
import { RoomServer } from "../../client/tests/roomServer.ts";
import { FakeDevices } from "./fakeDevices.ts";
import { fakeLayout } from "./fakeLayout.ts";

let server: RoomServer;
let call: Call;

beforeEach(async () => {
  fakeLayout();
  new FakeDevices({ video: ["front"], audio: ["headset"] }).install();
  server = await new RoomServer().start();
  const device = new Device({ handlerFactory: FakeHandler.createFactory(fakeParameters) });
  call = new Call({ url: server.url, room: "tea", name: "Ben", device });
});

afterEach(async () => {
  cleanup();
  await call.leave();
  await server.stop();
});

function person(name: string) {
  return { peerId: name, userId: name, displayName: name, appData: {}, connectionState: "connected" as const, producers: [] };
}

/** Pushes the event that a participant publishes a source. */
function sends(name: string, source: Source, paused = false): void {
  const kind = source === "camera" || source === "screen" ? ("video" as const) : ("audio" as const);
  server.push("newProducer", { producerId: `${name} ${source}`, peerId: name, userId: name, kind, appData: { source }, paused, revision: 2 });
}

const tile = (name: string) => screen.getByText(name).closest("figure") as HTMLElement;
const tiles = () => document.querySelectorAll(".hb-tile[data-source=camera]").length;
const pressed = (name: string) => screen.getByRole("button", { name }).getAttribute("aria-pressed");

describe("a grid", () => {
  it("has a tile for each participant, the local one last, and follows joins and leaves", async () => {
    server.peers = [person("Ann")];
    await call.join();
    render(<VideoGrid call={call} />);
    expect([...document.querySelectorAll(".hb-name")].map(({ textContent }) => textContent)).toEqual(["Ann", "Ben (you)"]);
    server.push("peerJoined", { ...person("Cem"), revision: 2 });
    await screen.findByText("Cem");
    server.push("peerLeft", { peerId: "Ann", userId: "Ann", reason: "left", revision: 3 });
    await waitFor(() => expect(screen.queryByText("Ann")).toBeNull());
    expect(tiles()).toBe(2);
  });

  it("shows and updates who is muted and whose camera is off", async () => {
    server.peers = [person("Ann")];
    await call.join();
    render(<VideoGrid call={call} />);
    expect(tile("Ann").dataset).toMatchObject({ camera: "off", microphone: "off" });
    sends("Ann", "microphone");
    sends("Ann", "camera", true);
    await waitFor(() => expect(tile("Ann").dataset).toMatchObject({ camera: "off", microphone: "on" }));
    server.push("producerPaused", { producerId: "Ann microphone", peerId: "Ann", revision: 3 });
    server.push("producerResumed", { producerId: "Ann camera", peerId: "Ann", revision: 4 });
    await waitFor(() => expect(tile("Ann").dataset).toMatchObject({ camera: "on", microphone: "off" }));
    expect(within(tile("Ann")).getByText("Microphone off.")).toBeTruthy();
  });

  it("shows a participant as lost while the server has no connection with them", async () => {
    server.peers = [person("Ann"), { ...person("Cem"), connectionState: "disconnected" }];
    await call.join();
    render(<VideoGrid call={call} />);
    const isLost = (name: string) => within(tile(name)).queryByText("Connection lost. Waiting…") !== null;
    expect([isLost("Ann"), isLost("Cem")]).toEqual([false, true]);
    server.push("peerConnectionState", { peerId: "Cem", state: "connected", revision: 2 });
    await waitFor(() => expect(isLost("Cem")).toBe(false));
  });

  it("shows a participant whose media cannot be reached, also without a camera, until it is back", async () => {
    server.override.consume = ({ producerId }) => {
      const track = fakeParameters.generateConsumerRemoteParameters({ codecMimeType: "audio/opus" });
      return { ...track, id: `of ${producerId}`, producerId, type: "simple", producerPaused: false, appData: {} };
    };
    server.peers = [person("Ann"), person("Cem")];
    await call.join();
    render(<VideoGrid call={call} />);
    sends("Ann", "microphone");
    sends("Cem", "microphone");
    await waitFor(() => expect(server.count("resumeConsumer")).toBe(2));
    const isCutOff = (name: string) => within(tile(name)).queryByText("Cannot be reached at the moment") !== null;
    server.push("consumerPaused", { consumerId: "of Ann microphone", reason: "link" });
    await waitFor(() => expect(isCutOff("Ann")).toBe(true));
    expect(isCutOff("Cem")).toBe(false);
    server.push("consumerResumed", { consumerId: "of Ann microphone", reason: "link" });
    await waitFor(() => expect(isCutOff("Ann")).toBe(false));
  });

  it("says of a video that is paused for lack of bandwidth that it is, unless it is muted as well", async () => {
    server.override.consume = ({ producerId }) => {
      const video = fakeParameters.generateConsumerRemoteParameters({ codecMimeType: "video/VP8" });
      return { ...video, id: `of ${producerId}`, producerId, type: "simulcast", producerPaused: false, appData: {} };
    };
    server.peers = [person("Ann"), person("Cem")];
    await call.join();
    render(<VideoGrid call={call} />);
    sends("Ann", "camera");
    sends("Cem", "camera");
    await waitFor(() => expect(server.count("resumeConsumer")).toBe(2));
    const notes = (name: string) => [...tile(name).querySelectorAll(".hb-tile-slow")].map(({ textContent }) => textContent);
    server.push("consumerPaused", { consumerId: "of Ann camera", reason: "bandwidth" });
    await waitFor(() => expect(notes("Ann")).toEqual(["Paused: slow connection"]));
    expect(notes("Cem")).toEqual([]);
    server.push("producerPaused", { producerId: "Ann camera", peerId: "Ann", revision: 3 });
    await waitFor(() => expect(notes("Ann")).toEqual([]));
    server.push("producerResumed", { producerId: "Ann camera", peerId: "Ann", revision: 4 });
    await waitFor(() => expect(notes("Ann")).toHaveLength(1));
    server.push("consumerResumed", { consumerId: "of Ann camera", reason: "bandwidth" });
    await waitFor(() => expect(notes("Ann")).toEqual([]));
  });

  it("shows 24 tiles at most and the number of hidden ones", async () => {
    server.peers = Array.from({ length: 40 }, (_, index) => person(`Guest ${index}`));
    await call.join();
    render(<VideoGrid call={call} />);
    expect(tiles()).toBe(24);
    expect(screen.getByRole("button", { name: "17 more people" })).toBeTruthy();
  });

  it("makes a shared screen large until it ends, and keeps the elements of the tiles", async () => {
    server.peers = [person("Ann"), person("Cem")];
    await call.join();
    render(
      <>
        <VideoGrid call={call} />
        <ScreenShareView call={call} />
      </>,
    );
    const grid = screen.getByRole("group");
    const face = tile("Ann");
    sends("Ann", "screen");
    await waitFor(() => expect(grid.dataset["layout"]).toBe("focus"));
    expect(grid.querySelector("[data-focus] [data-source=screen]")).toBeTruthy();
    expect(document.querySelectorAll("[data-source=screen]")).toHaveLength(2);
    server.push("producerClosed", { producerId: "Ann screen", peerId: "Ann", reason: "closed", revision: 3 });
    await waitFor(() => expect(grid.dataset["layout"]).toBe("grid"));
    expect(document.querySelectorAll("[data-source=screen]")).toHaveLength(0);
    expect(tile("Ann")).toBe(face);
  });
});

describe("the controls", () => {
  it("pause and resume the microphone", async () => {
    await call.join();
    await call.local.publish(new FakeMediaStreamTrack({ kind: "audio" }) as unknown as MediaStreamTrack, "microphone");
    render(<VideoControls call={call} />);
    await userEvent.click(screen.getByRole("button", { name: "Microphone" }));
    await waitFor(() => expect(pressed("Microphone")).toBe("false"));
    await waitFor(() => expect(server.count("pauseProducer")).toBe(1));
    await userEvent.keyboard("{Alt>}[KeyM]{/Alt}");
    await waitFor(() => expect(pressed("Microphone")).toBe("true"));
    await waitFor(() => expect(server.count("resumeProducer")).toBe(1));
  });

  it("leave the call", async () => {
    await call.join();
    render(<VideoControls call={call} />);
    await userEvent.click(screen.getByRole("button", { name: "Leave" }));
    await waitFor(() => expect(server.count("leaveRoom")).toBe(1));
    expect(call.ended).toEqual({ reason: "left" });
  });
});

describe("a running call", () => {
  it("shows a device problem until it is dismissed", async () => {
    const devices = new FakeDevices({ video: ["front"], audio: [] }).install();
    devices.refusals.set("video", "NotAllowedError");
    await call.join();
    render(<CallView call={call} />);
    await userEvent.click(screen.getByRole("button", { name: "Camera" }));
    const alert = await screen.findByRole("alert");
    expect(alert.textContent).toMatch(/Camera: The browser was not allowed to use it/);
    expect(pressed("Camera")).toBe("false");
    await userEvent.click(within(alert).getByRole("button", { name: "Dismiss" }));
    expect(screen.queryByRole("alert")).toBeNull();
  });

  it("shows when the connection is lost and when it is restored", async () => {
    await call.join();
    render(<CallView call={call} />);
    const status = () => document.querySelector(".hb-status")?.textContent;
    expect(status()).toBe("In the call");
    // The session cannot be resumed: the client rejoins.
    server.override.resume = () => {
      throw { code: "not_found", message: "no such session", retryable: false };
    };
    act(() => server.disconnectAll());
    await waitFor(() => expect(status()).toBe("The connection is lost. Trying again…"));
    await waitFor(() => expect(status()).toBe("In the call"));
  });

  it("shows the invitation while nobody else is there", async () => {
    await call.join();
    render(<CallView call={call} inviteUrl="https://calls.example/?room=tea" />);
    expect(screen.getByText("Nobody else is here yet")).toBeTruthy();
    expect(screen.getByLabelText<HTMLInputElement>("Link to this call").value).toBe("https://calls.example/?room=tea");
    server.push("peerJoined", { ...person("Ann"), revision: 2 });
    await waitFor(() => expect(screen.queryByText("Nobody else is here yet")).toBeNull());
    expect(screen.getByText("Ann joined")).toBeTruthy();
  });

  it("opens and closes panels by keyboard and returns the focus", async () => {
    server.peers = [person("Ann")];
    await call.join();
    render(<CallView call={call} />);
    const button = screen.getByRole("button", { name: /^People/ });
    button.focus();
    await userEvent.keyboard("{Enter}");
    const panel = screen.getByRole("complementary", { name: "People" });
    expect(document.activeElement).toBe(panel);
    expect(within(panel).getAllByRole("listitem").map(({ textContent }) => textContent)).toEqual([expect.stringContaining("Ben (you)"), expect.stringContaining("Ann")]);
    await userEvent.keyboard("{Escape}");
    expect(screen.queryByRole("complementary")).toBeNull();
    expect(document.activeElement).toBe(button);
  });
});

it("the list of participants shows the state of their devices", async () => {
  server.peers = [person("Ann")];
  await call.join();
  render(<ParticipantList call={call} />);
  sends("Ann", "camera");
  const ann = screen.getByText("Ann").closest("li") as HTMLElement;
  await within(ann).findByRole("img", { name: "Camera on" });
  expect(within(ann).getByRole("img", { name: "Microphone off" })).toBeTruthy();
});

it("the statistics show the server's estimate of the bandwidth, its limit and what it is used for", async () => {
  const audio = fakeParameters.generateConsumerRemoteParameters({ codecMimeType: "audio/opus" });
  server.override.consume = ({ producerId }) => ({ ...audio, producerId, type: "simple", producerPaused: false, appData: {} });
  const bitrates = { availableOutgoingBitrate: 1_500_000, maxOutgoingBitrate: 20_000_000, allocatedOutgoingBitrate: 640_000 };
  const transport = { type: "webrtc-transport", ...bitrates } as TransportStats;
  server.override.getStats = () => ({ stats: [transport] });
  server.peers = [person("Ann")];
  await call.join();
  render(<StatsOverlay call={call} />);
  sends("Ann", "microphone");
  const table = await screen.findByRole("table", { name: "Bandwidth to receive, by the server" });
  const rows = within(table).getAllByRole("row").map(({ textContent }) => textContent);
  expect(rows).toEqual([
    "EstimateavailableOutgoingBitrate1.5 Mbit/s",
    "Limit of the estimatemaxOutgoingBitrate20.0 Mbit/s",
    "Used for videosallocatedOutgoingBitrate640 kbit/s",
  ]);
  expect(screen.getByRole("img", { name: /^Bandwidth to receive: 1.5 Mbit\/s/ })).toBeTruthy();
});

it("a call refused by a full room can be retried", async () => {
  server.override.joinRoom = () => {
    throw { code: "quota_exceeded", message: "the room has its 2 peers", retryable: false };
  };
  const calls: Call[] = [];
  const device = new Device({ handlerFactory: FakeHandler.createFactory(fakeParameters) });
  render(<VideoCall room="tea" url={server.url} device={device} onCall={(next) => calls.push(next)} />);
  await userEvent.type(screen.getByLabelText("Your name"), "Ben{Enter}");
  expect((await screen.findByRole("heading", { name: "This room is full" })).textContent).toBeTruthy();
  delete server.override.joinRoom;
  await userEvent.click(screen.getByRole("button", { name: "Try again" }));
  await waitFor(() => expect(calls.at(-1)?.state).toBe("connected"));
  expect(calls).toHaveLength(2);
  expect(server.last("joinRoom")).toMatchObject({ callId: "tea", displayName: "Ben" });
});

// @vitest-environment jsdom
/** What a call asks the server for while its tab is hidden, and when it is shown again. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { Call, type Publication } from "../src/index.ts";
import { Signaling } from "../src/signaling.ts";
import { consumedCamera, newDevice } from "./fakeMedia.ts";
import { FakeObserver } from "./fakePage.ts";
import { RoomServer } from "./roomServer.ts";

let server: RoomServer;
let call: Call;
let hidden = false;

beforeEach(async () => {
  hidden = false;
  vi.stubGlobal("ResizeObserver", FakeObserver);
  vi.stubGlobal("IntersectionObserver", FakeObserver);
  vi.stubGlobal("MediaStream", class {});
  vi.spyOn(document, "hidden", "get").mockImplementation(() => hidden);
  server = await new RoomServer().start();
  const producers = [{ producerId: "v", kind: "video" as const, appData: {}, paused: false }];
  server.peers = [{ peerId: "p", userId: "ann", displayName: "Ann", appData: {}, connectionState: "connected", producers }];
  server.override.consume = ({ producerId }) => threeLayers(producerId);
  call = new Call({ url: server.url, room: "room", name: "Ben", device: newDevice(), subscribe: "visible" });
});

afterEach(async () => {
  await call.leave();
  await server.stop();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

function threeLayers(producerId: string) {
  const consumed = consumedCamera(producerId);
  const rtpParameters = { ...consumed.rtpParameters, encodings: [{ ssrc: 1, scalabilityMode: "L3T1" }] };
  return { ...consumed, rtpParameters };
}

function setHidden(value: boolean): void {
  hidden = value;
  document.dispatchEvent(new Event("visibilitychange"));
}

/** A tile of 640 x 360 that shows the lowest layer of a picture of 1280 x 720. */
function smallTile(): HTMLVideoElement {
  const tile = document.createElement("video");
  Object.assign(tile, { play: async () => {} });
  vi.spyOn(tile, "videoWidth", "get").mockReturnValue(320);
  vi.spyOn(tile, "videoHeight", "get").mockReturnValue(180);
  return tile;
}

test("a hidden tab receives no video, and asks at once for the tile's layer when it is shown again", async () => {
  await call.join();
  const camera = call.participants.get("p")?.publications.get("camera") as Publication;
  const tile = smallTile();
  camera.attach(tile);
  await vi.waitFor(() => expect(server.count("resumeConsumer")).toBe(1));
  const { consumerId } = server.last("resumeConsumer") as { consumerId: string };
  server.push("consumerLayersChanged", { consumerId, layers: { spatialLayer: 0, temporalLayer: 0 } });
  for (const tell of FakeObserver.callbacks) tell([{ target: tile, contentRect: { width: 640, height: 360 }, isIntersecting: true }]);
  await vi.waitFor(() => expect(server.last("setPreferredLayers")).toEqual({ consumerId, spatialLayer: 1 }));

  setHidden(true);
  await vi.waitFor(() => expect(server.last("pauseConsumer")).toEqual({ consumerId }));
  server.push("consumerLayersChanged", { consumerId });
  await vi.waitFor(() => expect(camera.currentLayers).toBeUndefined());

  const request = vi.spyOn(Signaling.prototype, "request");
  setHidden(false);
  // All microtasks run before this: a timer or a frame would come later.
  await new Promise<void>((resolve) => process.nextTick(() => queueMicrotask(resolve)));
  expect(request.mock.calls).toEqual([["resumeConsumer", { consumerId }]]);
  await vi.waitFor(() => expect(server.count("resumeConsumer")).toBe(2));
  // The server still knows the layer, and has not been asked for another one in between.
  expect(server.count("setPreferredLayers")).toBe(1);
});

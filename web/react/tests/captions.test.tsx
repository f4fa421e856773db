// @vitest-environment jsdom
/** The page's captions, with a real SDK call against a fake server. */
import { cleanup, render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { Device } from "mediasoup-client";
import * as fakeParameters from "mediasoup-client/fakeParameters";
import { FakeHandler } from "mediasoup-client/handlers/FakeHandler";
import { afterEach, beforeEach, expect, it } from "vitest";

import { Call } from "@hubbub/client";
import { CaptionsOverlay, useCaptions, VideoControls } from "../src/index.ts";
import { RoomServer } from "../../client/tests/roomServer.ts";
import { FakeDevices } from "./fakeDevices.ts";

let server: RoomServer;
let call: Call;

beforeEach(async () => {
  new FakeDevices({ video: [], audio: [] }).install();
  server = await new RoomServer().start();
  call = new Call({ url: server.url, room: "tea", name: "Ben", device: new Device({ handlerFactory: FakeHandler.createFactory(fakeParameters) }) });
  await call.join();
});

afterEach(async () => {
  cleanup();
  await call.leave();
  await server.stop();
});

function Page() {
  const captions = useCaptions(call);
  return (
    <>
      {captions.shown && <CaptionsOverlay lines={captions.lines} limited={captions.limited} />}
      <p role="alert">{captions.problem?.code}</p>
      <VideoControls call={call} captions={captions} />
    </>
  );
}

const press = () => userEvent.click(screen.getByRole("button", { name: "Captions" }));
const said = () => [...document.querySelectorAll(".hb-captions p")].map(({ textContent }) => textContent);

function say(text: string): void {
  server.push("captions", { peerId: call.local.peerId, segmentId: "a-0", text, final: false, start: 1, end: 2 });
}

it("shows what is said to who has switched captions on, and starts them in the room once", async () => {
  render(<Page />);
  server.push("captionsState", { on: true, limited: true });
  say("Ever");
  await waitFor(() => expect(call.captions.lines).toHaveLength(1));
  expect(said()).toEqual([]);
  await press();
  expect(said()).toEqual(["Too many people speak at once: some of it has no captions.", "Ben Ever"]);
  say("Ever tried.");
  await waitFor(() => expect(said()[1]).toBe("Ben Ever tried."));
  await press();
  expect(said()).toEqual([]);
  expect(server.count("startCaptions")).toBe(0);
  server.push("captionsState", { on: false });
  await waitFor(() => expect(call.captions.active).toBe(false));
  await press();
  await waitFor(() => expect(server.count("startCaptions")).toBe(1));
});

it("is switched off when captions end, and says why there are none", async () => {
  render(<Page />);
  await press();
  server.push("captionsState", { on: true });
  await waitFor(() => expect(call.captions.active).toBe(true));
  server.push("captionsState", { on: false });
  await waitFor(() => expect(document.querySelector(".hb-captions")).toBeNull());
  server.override.startCaptions = () => {
    throw { code: "unavailable", message: "no service", retryable: true };
  };
  await press();
  await waitFor(() => expect(screen.getByRole("alert").textContent).toBe("unavailable"));
  expect(document.querySelector(".hb-captions")).toBeNull();
});

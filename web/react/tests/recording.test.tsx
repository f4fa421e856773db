// @vitest-environment jsdom
/** The page's recording, with a real SDK call against a fake server. */
import { cleanup, render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { Device } from "mediasoup-client";
import * as fakeParameters from "mediasoup-client/fakeParameters";
import { FakeHandler } from "mediasoup-client/handlers/FakeHandler";
import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { Call } from "@hubbub/client";
import { CallView } from "../src/index.ts";
import { RoomServer } from "../../client/tests/roomServer.ts";
import { FakeDevices } from "./fakeDevices.ts";

const RUNNING = { recordingId: "tea-1", audioOnly: false, startedAt: 1 };
let server: RoomServer;
let call: Call;

const newCall = () =>
  new Call({ url: server.url, room: "tea", name: "Ben", device: new Device({ handlerFactory: FakeHandler.createFactory(fakeParameters) }) });

beforeEach(async () => {
  // jsdom has no layout, so nothing ever changes its size.
  vi.stubGlobal("ResizeObserver", class { observe() {} disconnect() {} });
  new FakeDevices({ video: [], audio: [] }).install();
  server = await new RoomServer().start();
  call = newCall();
  await call.join();
  render(<CallView call={call} />);
});

afterEach(async () => {
  cleanup();
  await call.leave();
  await server.stop();
  vi.unstubAllGlobals();
});

const button = () => screen.getByRole("button", { name: "Record" });
const banner = () => document.querySelector("[data-kind=recording]");

it("tells that the call is recorded, and starts and stops that", async () => {
  expect(banner()).toBeNull();
  await userEvent.click(button());
  await waitFor(() => expect(server.count("startRecording")).toBe(1));
  expect(banner(), "the server tells when it is recorded").toBeNull();
  server.push("recordingStarted", { recording: RUNNING, revision: 2 });
  await waitFor(() => expect(banner()?.textContent).toContain("This call is being recorded"));
  expect(button().getAttribute("aria-pressed")).toBe("true");
  await userEvent.click(button());
  await waitFor(() => expect(server.last("stopRecording")).toMatchObject({ recordingId: "tea-1" }));
  server.push("recordingStopped", { recordingId: "tea-1", reason: "requested", revision: 3 });
  await waitFor(() => expect(banner()).toBeNull());
});

it("tells who joins later", async () => {
  server.recordings = [RUNNING];
  const late = newCall();
  await late.join();
  expect(late.recordings.running).toEqual([RUNNING]);
  await late.leave();
});

it("says why the call is not recorded, until that is dismissed", async () => {
  server.override.startRecording = () => {
    throw { code: "unavailable", message: "no recorder", retryable: true };
  };
  await userEvent.click(button());
  const problem = await screen.findByText("Recording: This is not available here at the moment.");
  await userEvent.click(screen.getByRole("button", { name: "Dismiss" }));
  await waitFor(() => expect(problem.isConnected).toBe(false));
});

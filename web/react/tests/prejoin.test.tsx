// @vitest-environment jsdom
import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, it } from "vitest";

import { PreJoin, type PreJoinResult } from "../src/PreJoin.tsx";
import { FakeDevices } from "./fakeDevices.ts";

afterEach(cleanup);

function renderForm(devices: FakeDevices): { results: PreJoinResult[]; unmount(): void } {
  devices.install();
  const results: PreJoinResult[] = [];
  const { unmount } = render(<PreJoin onJoin={(result) => results.push(result)} />);
  return { results, unmount };
}

const both = () => new FakeDevices({ video: ["front", "back"], audio: ["headset"] });
const isOn = (name: string) => screen.getByRole("button", { name }).getAttribute("aria-pressed") === "true";

describe("the form before a call", () => {
  it("passes the open tracks to onJoin without stopping them", async () => {
    const devices = both();
    const { results, unmount } = renderForm(devices);
    await waitFor(() => expect(isOn("Camera")).toBe(true));
    const join = screen.getByRole<HTMLButtonElement>("button", { name: "Join now" });
    expect(join.disabled).toBe(true);
    await userEvent.type(screen.getByLabelText("Your name"), "  Ann ");
    await userEvent.click(join);
    expect(results).toEqual([{ name: "Ann", camera: devices.opened[1], microphone: devices.opened[0] }]);
    unmount();
    expect(devices.opened.map(({ readyState }) => readyState)).toEqual(["live", "live"]);
  });

  it("waits for the camera if the user submits first", async () => {
    const devices = both();
    let start = () => {};
    devices.ready = new Promise((resolve) => (start = resolve));
    const { results } = renderForm(devices);
    await userEvent.type(screen.getByLabelText("Your name"), "Ann{Enter}");
    expect(results).toEqual([]);
    start();
    await waitFor(() => expect(results).toEqual([{ name: "Ann", camera: devices.opened[1], microphone: devices.opened[0] }]));
  });

  it("stops the devices when it unmounts without joining", async () => {
    const devices = both();
    const { unmount } = renderForm(devices);
    await waitFor(() => expect(isOn("Camera")).toBe(true));
    unmount();
    expect(devices.opened.map(({ readyState }) => readyState)).toEqual(["ended", "ended"]);
  });

  it("stops a device that opens after it has unmounted", async () => {
    const devices = both();
    const { unmount } = renderForm(devices);
    await waitFor(() => expect(isOn("Camera")).toBe(true));
    let start = () => {};
    devices.ready = new Promise((resolve) => (start = resolve));
    await userEvent.selectOptions(screen.getByLabelText("Camera", { selector: "select" }), "back");
    unmount();
    start();
    await waitFor(() => expect(devices.opened).toHaveLength(3));
    await waitFor(() => expect(devices.opened.map(({ readyState }) => readyState)).toEqual(["ended", "ended", "ended"]));
  });

  it("keeps the camera that was chosen last, in any order of opening", async () => {
    const devices = both();
    const { unmount } = renderForm(devices);
    await waitFor(() => expect(isOn("Camera")).toBe(true));
    const select = screen.getByLabelText("Camera", { selector: "select" });
    let startFirst = () => {};
    devices.ready = new Promise((resolve) => (startFirst = resolve));
    await userEvent.selectOptions(select, "back");
    devices.ready = Promise.resolve();
    fireEvent.change(select, { target: { value: "front" } });
    await waitFor(() => expect(devices.opened.at(-1)?.deviceId).toBe("front"));
    startFirst();
    await waitFor(() => expect(devices.opened.at(-1)).toMatchObject({ deviceId: "back", readyState: "ended" }));
    expect(devices.opened.at(-2)).toMatchObject({ deviceId: "front", readyState: "live" });
    unmount();
  });

  it("stops a camera that is turned off and joins without it", async () => {
    const devices = both();
    const { results } = renderForm(devices);
    await waitFor(() => expect(isOn("Camera")).toBe(true));
    await userEvent.click(screen.getByRole("button", { name: "Camera" }));
    await waitFor(() => expect(isOn("Camera")).toBe(false));
    expect(devices.opened[1]?.readyState).toBe("ended");
    await userEvent.type(screen.getByLabelText("Your name"), "Ann{Enter}");
    expect(results).toEqual([{ name: "Ann", microphone: devices.opened[0] }]);
  });

  it("switches to the selected camera", async () => {
    const devices = both();
    renderForm(devices);
    await waitFor(() => expect(screen.getByLabelText<HTMLSelectElement>("Camera", { selector: "select" }).options).toHaveLength(2));
    await userEvent.selectOptions(screen.getByLabelText("Camera", { selector: "select" }), "back");
    await waitFor(() => expect(devices.opened.at(-1)?.deviceId).toBe("back"));
    expect(devices.opened[1]?.readyState).toBe("ended");
  });

  it("shows a refused device and joins without it", async () => {
    const devices = both();
    devices.refusals.set("video", "NotAllowedError");
    const { results } = renderForm(devices);
    const alert = await screen.findByRole("alert");
    expect(alert.textContent).toMatch(/Camera: The browser was not allowed to use it/);
    expect(alert.textContent).not.toMatch(/Microphone/);
    expect(screen.getByLabelText<HTMLSelectElement>("Camera", { selector: "select" }).disabled).toBe(false);
    await userEvent.type(screen.getByLabelText("Your name"), "Ann{Enter}");
    expect(results).toEqual([{ name: "Ann", microphone: devices.opened[0] }]);
  });

  it("joins without any device", async () => {
    const { results } = renderForm(new FakeDevices({ video: [], audio: [] }));
    const alert = await screen.findByRole("alert");
    expect(alert.textContent).toMatch(/Camera: None was found\..*Microphone: None was found\./);
    await userEvent.type(screen.getByLabelText("Your name"), "Ann{Enter}");
    expect(results).toEqual([{ name: "Ann" }]);
  });

  it("explains that devices need HTTPS", async () => {
    Object.defineProperty(navigator, "mediaDevices", { value: undefined, configurable: true });
    render(<PreJoin onJoin={() => undefined} />);
    expect((await screen.findByRole("alert")).textContent).toMatch(/HTTPS/);
  });
});

describe("the list of devices", () => {
  it("is updated when a device is plugged in", async () => {
    const devices = both();
    renderForm(devices);
    const select = await screen.findByLabelText<HTMLSelectElement>("Microphone", { selector: "select" });
    await waitFor(() => expect([...select.options].map(({ text }) => text)).toEqual(["headset"]));
    devices.plug("audio", "studio");
    await waitFor(() =>
      expect([...screen.getByLabelText<HTMLSelectElement>("Microphone", { selector: "select" }).options].map(({ text }) => text)).toEqual(["headset", "studio"]),
    );
  });
});

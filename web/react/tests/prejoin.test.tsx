// @vitest-environment jsdom
import { cleanup, render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, it } from "vitest";

import { PreJoin, type Entrance } from "../src/PreJoin.tsx";
import { FakeDevices } from "./fakeDevices.ts";

afterEach(cleanup);

function enter(devices: FakeDevices): { entrances: Entrance[]; unmount(): void } {
  devices.install();
  const entrances: Entrance[] = [];
  const { unmount } = render(<PreJoin onJoin={(entrance) => entrances.push(entrance)} />);
  return { entrances, unmount };
}

const both = () => new FakeDevices({ video: ["front", "back"], audio: ["headset"] });
const isOn = (name: string) => screen.getByRole("button", { name }).getAttribute("aria-pressed") === "true";

describe("before a call", () => {
  it("hands over what was opened, and stops nothing of it", async () => {
    const devices = both();
    const { entrances, unmount } = enter(devices);
    await waitFor(() => expect(isOn("Camera")).toBe(true));
    const join = screen.getByRole<HTMLButtonElement>("button", { name: "Join now" });
    expect(join.disabled).toBe(true);
    await userEvent.type(screen.getByLabelText("Your name"), "  Ann ");
    await userEvent.click(join);
    expect(entrances).toEqual([{ name: "Ann", camera: devices.opened[1], microphone: devices.opened[0] }]);
    unmount();
    expect(devices.opened.map(({ readyState }) => readyState)).toEqual(["live", "live"]);
  });

  it("waits for a camera that is slower than the person", async () => {
    const devices = both();
    let start = () => {};
    devices.ready = new Promise((resolve) => (start = resolve));
    const { entrances } = enter(devices);
    await userEvent.type(screen.getByLabelText("Your name"), "Ann{Enter}");
    expect(entrances).toEqual([]);
    start();
    await waitFor(() => expect(entrances).toEqual([{ name: "Ann", camera: devices.opened[1], microphone: devices.opened[0] }]));
  });

  it("stops the devices when nobody joins", async () => {
    const devices = both();
    const { unmount } = enter(devices);
    await waitFor(() => expect(isOn("Camera")).toBe(true));
    unmount();
    expect(devices.opened.map(({ readyState }) => readyState)).toEqual(["ended", "ended"]);
  });

  it("stops a camera that is switched off, and goes in without it", async () => {
    const devices = both();
    const { entrances } = enter(devices);
    await waitFor(() => expect(isOn("Camera")).toBe(true));
    await userEvent.click(screen.getByRole("button", { name: "Camera" }));
    await waitFor(() => expect(isOn("Camera")).toBe(false));
    expect(devices.opened[1]?.readyState).toBe("ended");
    await userEvent.type(screen.getByLabelText("Your name"), "Ann{Enter}");
    expect(entrances).toEqual([{ name: "Ann", microphone: devices.opened[0] }]);
  });

  it("changes to the camera that is chosen", async () => {
    const devices = both();
    enter(devices);
    await waitFor(() => expect(screen.getByLabelText<HTMLSelectElement>("Camera", { selector: "select" }).options).toHaveLength(2));
    await userEvent.selectOptions(screen.getByLabelText("Camera", { selector: "select" }), "back");
    await waitFor(() => expect(devices.opened.at(-1)?.deviceId).toBe("back"));
    expect(devices.opened[1]?.readyState).toBe("ended");
  });

  it("tells what is refused, and lets one in all the same", async () => {
    const devices = both();
    devices.refusals.set("video", "NotAllowedError");
    const { entrances } = enter(devices);
    const alert = await screen.findByRole("alert");
    expect(alert.textContent).toMatch(/Camera: The browser was not allowed to use it/);
    expect(alert.textContent).not.toMatch(/Microphone/);
    expect(screen.getByLabelText<HTMLSelectElement>("Camera", { selector: "select" }).disabled).toBe(false);
    await userEvent.type(screen.getByLabelText("Your name"), "Ann{Enter}");
    expect(entrances).toEqual([{ name: "Ann", microphone: devices.opened[0] }]);
  });

  it("works with no device at all", async () => {
    const { entrances } = enter(new FakeDevices({ video: [], audio: [] }));
    const alert = await screen.findByRole("alert");
    expect(alert.textContent).toMatch(/Camera: None was found\..*Microphone: None was found\./);
    await userEvent.type(screen.getByLabelText("Your name"), "Ann{Enter}");
    expect(entrances).toEqual([{ name: "Ann" }]);
  });

  it("says so when the page may not use devices", async () => {
    Object.defineProperty(navigator, "mediaDevices", { value: undefined, configurable: true });
    render(<PreJoin onJoin={() => undefined} />);
    expect((await screen.findByRole("alert")).textContent).toMatch(/HTTPS/);
  });
});

describe("the choice of a device", () => {
  it("shows what is plugged in while it is open", async () => {
    const devices = both();
    enter(devices);
    const select = await screen.findByLabelText<HTMLSelectElement>("Microphone", { selector: "select" });
    await waitFor(() => expect([...select.options].map(({ text }) => text)).toEqual(["headset"]));
    devices.plug("audio", "studio");
    await waitFor(() =>
      expect([...screen.getByLabelText<HTMLSelectElement>("Microphone", { selector: "select" }).options].map(({ text }) => text)).toEqual(["headset", "studio"]),
    );
  });
});

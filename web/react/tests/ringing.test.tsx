// @vitest-environment jsdom
/** Ringing with the real SDK against a fake server. */
import { act, cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { Calls, type CallInfo } from "@hubbub/client";
import { callInfo, CallsServer, incoming } from "../../client/tests/callsServer.ts";
import { ActiveCallIndicator, CallButton, IncomingCallDialog, useCalls } from "../src/index.ts";
import { samples } from "../src/ringtone.ts";

let server: CallsServer;
let calls: Calls;

beforeEach(async () => {
  // jsdom has no modal dialogs.
  HTMLDialogElement.prototype.showModal = function () {
    this.open = true;
  };
  HTMLDialogElement.prototype.close = function () {
    this.open = false;
  };
  server = await new CallsServer().start();
  calls = new Calls({ url: server.url, userId: "ben", name: "Ben" });
  calls.open();
  await vi.waitFor(() => expect(calls.state).toBe("connected"));
});

afterEach(async () => {
  cleanup();
  vi.unstubAllGlobals();
  calls.close();
  await server.stop();
});

const button = (name: string) => screen.findByRole("button", { name });
const requests = () => server.callRequests.map(({ event }) => event);

describe("the dialog of an incoming call", () => {
  async function ring(info: Partial<CallInfo> = {}): Promise<[CallInfo, boolean][]> {
    const accepted: [CallInfo, boolean][] = [];
    render(
      <>
        <input aria-label="Message" autoFocus />
        <IncomingCallDialog calls={calls} groupName={() => "the team"} onAccept={(call, camera) => accepted.push([call, camera])} />
      </>,
    );
    server.pushCall("incomingCall", incoming(info));
    await screen.findByRole("dialog", { name: "Ann is calling" });
    return accepted;
  }
  const gone = () => waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());

  it.each([
    ["Accept with camera", true],
    ["Accept without camera", false],
  ])("accepts: %s", async (name, camera) => {
    const accepted = await ring();
    await userEvent.click(await button(name));
    await gone();
    expect(accepted).toMatchObject([[{ callId: "c1" }, camera]]);
  });

  it("says whose call it is, and which", async () => {
    await ring({ groupId: "g", video: false });
    server.pushCall("incomingCall", incoming({ callId: "c2", callerName: "Cem" }));
    expect(await screen.findByText("Voice call in the team. Another call is waiting.")).toBeTruthy();
    const dialog = screen.getByRole("dialog");
    const description = document.getElementById(dialog.getAttribute("aria-describedby") ?? "");
    expect(description?.textContent).toContain("Voice call");
  });

  it("focuses no button, so that a key that is typed for something else answers nothing", async () => {
    await ring();
    expect(document.activeElement?.textContent).toBe("Ann is calling");
    await userEvent.keyboard(" {Enter}x");
    expect(requests()).toEqual([]);
  });

  it("is used by the keyboard, in the order of the buttons", async () => {
    await ring();
    const names = [];
    for (let count = 0; count < 4; count += 1) {
      await userEvent.tab();
      names.push(document.activeElement?.textContent);
    }
    expect(names).toEqual(["Accept with camera", "Accept without camera", "Decline", "Ignore"]);
    await userEvent.tab({ shift: true });
    await userEvent.keyboard("{Enter}");
    await gone();
    expect(requests()).toEqual(["decline"]);
  });

  it("ignores the call with Escape, on this device only", async () => {
    await ring();
    // A browser turns Escape in a modal dialog into this event.
    fireEvent(screen.getByRole("dialog"), new Event("cancel", { cancelable: true }));
    await gone();
    expect(requests()).toEqual(["ignore"]);
  });

  it("closes when the call is answered elsewhere, and the next one rings", async () => {
    await ring();
    server.pushCall("incomingCall", incoming({ callId: "c2", callerName: "Cem" }));
    server.pushCall("callAccepted", { callId: "c1", userId: "ben", elsewhere: true });
    expect(await screen.findByRole("dialog", { name: "Cem is calling" })).toBeTruthy();
  });

  it("explains why accepting failed, and goes on ringing", async () => {
    server.callOverride.accept = () => {
      throw { code: "unavailable", message: "no node", retryable: true };
    };
    const accepted = await ring();
    await userEvent.click(await button("Accept with camera"));
    expect((await screen.findByRole("alert")).textContent).toMatch(/not ready/);
    expect(accepted).toEqual([]);
  });

  it("sounds until it closes, and starts with a click if the browser blocks it before", async () => {
    const contexts: { state: string; resumed: number; loop: boolean }[] = [];
    vi.stubGlobal(
      "AudioContext",
      class {
        state = "suspended";
        resumed = 0;
        loop = false;
        sampleRate = 8_000;
        constructor() {
          contexts.push(this);
        }
        createBuffer() {
          return { copyToChannel: () => undefined };
        }
        createBufferSource() {
          return Object.defineProperty({ connect: () => undefined, start: () => undefined }, "loop", { set: (value) => (this.loop = value) });
        }
        async resume() {
          this.resumed += 1;
        }
        async close() {
          this.state = "closed";
        }
      },
    );
    await ring();
    fireEvent.pointerDown(document.body);
    expect(contexts).toMatchObject([{ state: "suspended", resumed: 1, loop: true }]);
    server.pushCall("callCancelled", { callId: "c1" });
    await gone();
    fireEvent.pointerDown(document.body);
    expect(contexts).toMatchObject([{ state: "closed", resumed: 1 }]);
  });
});

it("the ringing tone has two tones and silence, and neither clicks nor clips", () => {
  const rate = 8_000;
  const tone = samples(rate);
  const loudness = (from: number, to: number) => Math.max(...tone.slice(from * rate, to * rate).map(Math.abs));
  expect(tone.length).toBe(3 * rate);
  expect([loudness(0.05, 0.35) > 0.1, loudness(0.65, 0.95) > 0.1]).toEqual([true, true]);
  expect([loudness(0.41, 0.59), loudness(1.01, 3)]).toEqual([0, 0]);
  expect(loudness(0, 3)).toBeLessThanOrEqual(0.2);
  const steps = tone.slice(1).map((sample, index) => Math.abs(sample - (tone[index] as number)));
  expect(Math.max(...steps)).toBeLessThan(0.1);
});

describe("the button that calls", () => {
  async function call(info: Partial<CallInfo> = {}): Promise<CallInfo[]> {
    server.routes["POST /calls"] = () => callInfo({ callerId: "ben", ...info });
    const started: CallInfo[] = [];
    render(<CallButton calls={calls} participants={["ann"]} label="Ann" onStart={(one) => started.push(one)} />);
    await userEvent.click(await button("Call Ann"));
    return started;
  }

  it("calls, rings until somebody answers, and can call again after the call", async () => {
    const started = await call();
    expect(await button("Stop calling Ann")).toBeTruthy();
    expect(started).toMatchObject([{ callId: "c1" }]);
    expect(server.routeRequests.at(-1)?.body).toEqual({ displayName: "Ben", participants: ["ann"], video: true });
    act(() => server.pushCall("callAccepted", { callId: "c1", userId: "ann" }));
    await waitFor(() => expect(screen.getByRole("status").textContent).toBe("You are in this call."));
    expect((await button("Call Ann")).hasAttribute("disabled")).toBe(true);
    act(() => server.pushCall("callEnded", { callId: "c1", reason: "left" }));
    await waitFor(() => expect(screen.getByRole("status").textContent).toBe(""));
    expect((await button("Call Ann")).hasAttribute("disabled")).toBe(false);
  });

  it("takes a call back after the user has looked at something else", async () => {
    await call();
    await button("Stop calling Ann");
    cleanup();
    render(<CallButton calls={calls} participants={["ann"]} label="Ann" onStart={() => undefined} />);
    expect(await button("Stop calling Ann")).toBeTruthy();
  });

  it("does not report how the user answered a call", async () => {
    render(<CallButton calls={calls} participants={["ann"]} label="Ann" onStart={() => undefined} />);
    server.pushCall("incomingCall", incoming());
    await waitFor(() => expect(calls.live.size).toBe(1));
    await act(() => calls.decline("c1"));
    expect(screen.getByRole("status").textContent).toBe("");
  });

  it("takes the call back", async () => {
    await call();
    await userEvent.click(await button("Stop calling Ann"));
    await waitFor(() => expect(screen.getByRole("status").textContent).toBe("You stopped calling."));
    expect(requests()).toEqual(["cancel"]);
  });

  it("says that the call was declined", async () => {
    await call();
    await button("Stop calling Ann");
    server.pushCall("callDeclined", { callId: "c1", userId: "ann", reason: "declined" });
    server.pushCall("callEnded", { callId: "c1", reason: "declined" });
    await waitFor(() => expect(screen.getByRole("status").textContent).toBe("The call was declined."));
  });

  it("joins nothing if the other is busy", async () => {
    const started = await call({ state: "ended", endReason: "busy" });
    await waitFor(() => expect(screen.getByRole("status").textContent).toMatch(/^Busy/));
    expect(started).toEqual([]);
  });
});

it("the call of a group is shown to everybody, with who is in it, and entered", async () => {
  const live = callInfo({ groupId: "g", state: "active", participants: ["ann", "cem"].map((userId) => ({ userId, state: "joined" as const })) });
  server.routes["GET /calls"] = () => ({ calls: [live] });
  server.routes["POST /calls/c1/join"] = () => ({ callId: "c1", userId: "ben", rtpCapabilities: {}, call: live });
  const joined: string[] = [];
  render(<ActiveCallIndicator calls={calls} groupId="g" userName={(id) => id.toUpperCase()} onJoin={({ callId }) => joined.push(callId)} />);
  expect((await screen.findByRole("status")).textContent).toBe("Call in progress. With ANN and CEM.");
  await userEvent.click(await button("Join the call"));
  await waitFor(() => expect(screen.queryByRole("button")).toBeNull());
  expect(joined).toEqual(["c1"]);
  server.routes["GET /calls"] = () => ({ calls: [] });
  server.pushCall("callEnded", { callId: "c1", reason: "ended" });
  await waitFor(() => expect(screen.queryByRole("region")).toBeNull());
});

it("a component rings while it is mounted, for the current user", async () => {
  const states: string[] = [];
  const Device = ({ userId }: { userId: string }) => {
    const { state, live } = useCalls({ url: server.url, userId });
    states.push(state);
    return <p>{live.map(({ info }) => info.callerName)}</p>;
  };
  const { rerender, unmount } = render(<Device userId="cem" />);
  await waitFor(() => expect(states.at(-1)).toBe("connected"));
  server.pushCall("incomingCall", incoming());
  expect(await screen.findByText("Ann")).toBeTruthy();
  rerender(<Device userId="dan" />);
  await waitFor(() => expect(server.devices.map(({ userId }) => userId)).toEqual(["ben", "cem", "dan"]));
  expect(screen.queryByText("Ann")).toBeNull();
  unmount();
  await waitFor(() => expect(server.connections).toBe(1));
});

import { FakeMediaStreamTrack } from "fake-mediastreamtrack";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { LocalParticipant } from "../src/local.ts";

/** The browser's devices: each request waits until it is let through, or is refused with a DOMException of that name. */
class FakeDevices {
  readonly opened: MediaStreamTrack[] = [];
  readonly refusals: string[] = [];
  asked = 0;
  #gate: Promise<void> = Promise.resolve();

  hold(): () => void {
    let open = () => {};
    this.#gate = new Promise((resolve) => (open = resolve));
    return open;
  }

  readonly getUserMedia = async ({ video }: MediaStreamConstraints): Promise<MediaStream> => {
    this.asked += 1;
    await this.#gate;
    const refusal = this.refusals.shift();
    if (refusal) throw new DOMException("no", refusal);
    const track = new FakeMediaStreamTrack({ kind: video ? "video" : "audio" }) as unknown as MediaStreamTrack;
    this.opened.push(track);
    return { getTracks: () => [track], getVideoTracks: () => [track], getAudioTracks: () => [] } as unknown as MediaStream;
  };

  readonly getDisplayMedia = () => this.getUserMedia({ video: true });
}

let devices: FakeDevices;
let local: LocalParticipant;

beforeEach(() => {
  devices = new FakeDevices();
  vi.stubGlobal("navigator", { mediaDevices: devices });
  local = new LocalParticipant("u", "Ben", {}, {}, { sync: async () => {} });
});

afterEach(() => vi.unstubAllGlobals());

const states = () => devices.opened.map(({ readyState }) => readyState);

test("a camera or a screen that opens after the end is closed again", async () => {
  const open = devices.hold();
  const wishes = [local.setCamera(true), local.setScreen(true)];
  local.end();
  open();
  for (const wish of wishes) await expect(wish).rejects.toMatchObject({ code: "invalid_state" });
  expect(states()).toEqual(["ended", "ended"]);
  expect(local.publications.size).toBe(0);
});

test("who clicks twice opens one device, and the last click counts", async () => {
  const open = devices.hold();
  const wishes = [local.setCamera(true), local.setCamera(true), local.setCamera(false)];
  open();
  await Promise.all(wishes);
  expect(devices.opened).toHaveLength(1);
  expect(local.publications.get("camera")?.muted).toBe(true);
});

test("a refused device does not stand in the way of the next wish", async () => {
  devices.refusals.push("NotAllowedError");
  await expect(local.setCamera(true)).rejects.toMatchObject({ code: "camera_refused" });
  await local.setCamera(true);
  expect(local.publications.get("camera")?.track).toBe(devices.opened[0]);
});

test("another camera takes the place of the former in the same publication", async () => {
  await local.setCamera(true);
  const publication = local.publications.get("camera");
  await local.setCamera(false);
  await local.switchDevice("camera", "other");
  expect(local.publications.get("camera")).toBe(publication);
  expect(publication?.track).toBe(devices.opened[1]);
  expect(publication?.track?.enabled).toBe(false);
  expect(states()).toEqual(["ended", "live"]);
});

test("where only one camera can be open, the former is closed first", async () => {
  await local.setCamera(true);
  devices.refusals.push("NotReadableError");
  await local.switchDevice("camera", "back");
  expect(local.publications.get("camera")?.track).toBe(devices.opened[1]);
  expect(states()).toEqual(["ended", "live"]);
});

test("a camera that was taken back while another opened stays off", async () => {
  await local.setCamera(true);
  const open = devices.hold();
  const switched = local.switchDevice("camera", "other");
  await vi.waitFor(() => expect(devices.asked).toBe(2));
  await local.unpublish("camera");
  open();
  await switched;
  expect(local.publications.size).toBe(0);
  expect(states()).toEqual(["ended", "ended"]);
});

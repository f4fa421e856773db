import { FakeMediaStreamTrack } from "fake-mediastreamtrack";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { LocalParticipant } from "../src/localParticipant.ts";

/** Fake media devices. Requests wait while blocked; each entry of `refusals` fails one request with a DOMException of that name. */
class FakeDevices {
  readonly opened: MediaStreamTrack[] = [];
  readonly refusals: string[] = [];
  requests = 0;
  #gate: Promise<void> = Promise.resolve();

  /** Blocks requests. Returns a function that unblocks them. */
  block(): () => void {
    let open = () => {};
    this.#gate = new Promise((resolve) => (open = resolve));
    return open;
  }

  readonly getUserMedia = async ({ video }: MediaStreamConstraints): Promise<MediaStream> => {
    this.requests += 1;
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
  local = new LocalParticipant("u", "Ben", {}, {}, async () => {});
});

afterEach(() => vi.unstubAllGlobals());

const states = () => devices.opened.map(({ readyState }) => readyState);

test("a camera or screen that opens after the end of the call is stopped", async () => {
  const open = devices.block();
  const operations = [local.setCamera(true), local.setScreen(true)];
  local.end();
  open();
  for (const operation of operations) await expect(operation).rejects.toMatchObject({ code: "invalid_state" });
  expect(states()).toEqual(["ended", "ended"]);
  expect(local.publications.size).toBe(0);
});

test("browsers are told that a screen needs detail more than frames", async () => {
  await local.setScreen(true);
  await local.setCamera(true);
  const hints = (["screen", "camera"] as const).map((source) => local.publications.get(source)?.track?.contentHint);
  expect(hints).toEqual(["detail", ""]);
});

test("repeated calls open one device, and the last call wins", async () => {
  const open = devices.block();
  const operations = [local.setCamera(true), local.setCamera(true), local.setCamera(false)];
  open();
  await Promise.all(operations);
  expect(devices.opened).toHaveLength(1);
  expect(local.publications.get("camera")?.muted).toBe(true);
});

test("a refused device can be requested again", async () => {
  devices.refusals.push("NotAllowedError");
  await expect(local.setCamera(true)).rejects.toMatchObject({ code: "camera_refused" });
  await local.setCamera(true);
  expect(local.publications.get("camera")?.track).toBe(devices.opened[0]);
});

test("switching the camera keeps the publication", async () => {
  await local.setCamera(true);
  const publication = local.publications.get("camera");
  await local.setCamera(false);
  await local.switchDevice("camera", "other");
  expect(local.publications.get("camera")).toBe(publication);
  expect(publication?.track).toBe(devices.opened[1]);
  expect(publication?.track?.enabled).toBe(false);
  expect(states()).toEqual(["ended", "live"]);
});

test("if only one camera can be open, the previous one is closed first", async () => {
  await local.setCamera(true);
  devices.refusals.push("NotReadableError");
  await local.switchDevice("camera", "back");
  expect(local.publications.get("camera")?.track).toBe(devices.opened[1]);
  expect(states()).toEqual(["ended", "live"]);
});

test("unpublishing while another camera opens stops both", async () => {
  await local.setCamera(true);
  const open = devices.block();
  const switched = local.switchDevice("camera", "other");
  await vi.waitFor(() => expect(devices.requests).toBe(2));
  await local.unpublish("camera");
  open();
  await switched;
  expect(local.publications.size).toBe(0);
  expect(states()).toEqual(["ended", "ended"]);
});

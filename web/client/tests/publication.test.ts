import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { Publication } from "../src/publication.ts";

/** Stands for ResizeObserver and IntersectionObserver: every entry has the fields of both. */
class FakeObserver {
  static readonly callbacks: Array<(entries: object[]) => void> = [];
  constructor(callback: (entries: object[]) => void) {
    FakeObserver.callbacks.push(callback);
  }
  observe() {}
  unobserve() {}
}

const page = Object.assign(new EventTarget(), { hidden: false, pictureInPictureElement: null });

function fakeVideo(width: number, height: number) {
  return Object.assign(new EventTarget(), { videoWidth: width, videoHeight: height, srcObject: null as unknown });
}

type FakeVideo = ReturnType<typeof fakeVideo>;

function resize(element: FakeVideo, width: number, height: number) {
  for (const tell of FakeObserver.callbacks) tell([{ target: element, contentRect: { width, height }, isIntersecting: true }]);
}

function scroll(element: FakeVideo, isIntersecting: boolean) {
  for (const tell of FakeObserver.callbacks) tell([{ target: element, contentRect: { width: 640, height: 360 }, isIntersecting }]);
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("ResizeObserver", FakeObserver);
  vi.stubGlobal("IntersectionObserver", FakeObserver);
  vi.stubGlobal("devicePixelRatio", 2);
  vi.stubGlobal("document", page);
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  page.hidden = false;
});

function receiving(mode: "visible" | "all", element: FakeVideo) {
  const changed = vi.fn(async () => {});
  const publication = new Publication("camera", "video", mode, changed);
  publication.setSpatialLayers(3);
  publication.setCurrentLayers({ spatialLayer: 2, temporalLayer: 0 });
  const detach = publication.attach(element as unknown as HTMLVideoElement);
  return { publication, changed, detach };
}

test("a video in `visible` mode is wanted in the layer that fills its element in device pixels", async () => {
  const video = fakeVideo(1280, 720);
  const { publication, changed } = receiving("visible", video);
  resize(video, 160, 90);
  changed.mockClear();
  await vi.advanceTimersByTimeAsync(1000);
  expect(publication.wantedLayers).toEqual({ spatialLayer: 0 });
  expect(changed).toHaveBeenCalledOnce();
  resize(video, 320, 180);
  await vi.advanceTimersByTimeAsync(1000);
  expect(publication.wantedLayers).toEqual({ spatialLayer: 1 });
});

test("the application's limit also holds", async () => {
  const video = fakeVideo(1280, 720);
  const { publication } = receiving("visible", video);
  await publication.setPreferredLayers({ spatialLayer: 1, temporalLayer: 0 });
  resize(video, 1280, 720);
  await vi.advanceTimersByTimeAsync(1000);
  expect(publication.wantedLayers).toEqual({ spatialLayer: 1, temporalLayer: 0 });
  resize(video, 100, 50);
  await vi.advanceTimersByTimeAsync(1000);
  expect(publication.wantedLayers).toEqual({ spatialLayer: 0, temporalLayer: 0 });
});

test("while an element is being resized, the layer stays", async () => {
  const video = fakeVideo(1280, 720);
  const { publication } = receiving("visible", video);
  for (let width = 640; width > 100; width -= 20) {
    resize(video, width, width / 2);
    await vi.advanceTimersByTimeAsync(50);
  }
  expect(publication.wantedLayers).toBeUndefined();
  await vi.advanceTimersByTimeAsync(1000);
  expect(publication.wantedLayers).toEqual({ spatialLayer: 0 });
});

test("in the other modes the application alone limits the layers", async () => {
  const video = fakeVideo(1280, 720);
  const { publication } = receiving("all", video);
  resize(video, 160, 90);
  await vi.advanceTimersByTimeAsync(1000);
  expect(publication.wantedLayers).toBeUndefined();
});

test("a video is wanted while an element is in the viewport of a visible tab", () => {
  const video = fakeVideo(1280, 720);
  const { publication, changed } = receiving("visible", video);
  const wanted = () => publication.wanted;
  expect(wanted()).toBe(true);
  scroll(video, false);
  expect(wanted()).toBe(false);
  scroll(video, true);
  expect(wanted()).toBe(true);
  page.hidden = true;
  changed.mockClear();
  page.dispatchEvent(new Event("visibilitychange"));
  expect(wanted()).toBe(false);
  expect(changed).toHaveBeenCalledOnce();
  page.hidden = false;
  page.dispatchEvent(new Event("visibilitychange"));
  expect(wanted()).toBe(true);
});

test("a video in a picture-in-picture window is wanted while the tab is hidden", () => {
  const video = fakeVideo(1280, 720);
  const { publication } = receiving("visible", video);
  page.hidden = true;
  Object.assign(page, { pictureInPictureElement: video });
  page.dispatchEvent(new Event("visibilitychange"));
  expect(publication.wanted).toBe(true);
  Object.assign(page, { pictureInPictureElement: null });
  video.dispatchEvent(new Event("leavepictureinpicture"));
  expect(publication.wanted).toBe(false);
});

test("a detached element is no longer observed", async () => {
  const video = fakeVideo(1280, 720);
  const { publication, detach } = receiving("visible", video);
  detach();
  expect(publication.wanted).toBe(false);
  resize(video, 160, 90);
  await vi.advanceTimersByTimeAsync(1000);
  expect(publication.wantedLayers).toBeUndefined();
});

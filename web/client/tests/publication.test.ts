import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { Publication } from "../src/publication.ts";
import { FakePage, fakeVideo, type FakeVideo } from "./fakePage.ts";

const page = new FakePage();
const resize = page.resize.bind(page);
const scroll = page.scroll.bind(page);

beforeEach(() => {
  vi.useFakeTimers();
  page.install(2);
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  page.document.hidden = false;
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
  page.document.hidden = true;
  changed.mockClear();
  page.document.dispatchEvent(new Event("visibilitychange"));
  expect(wanted()).toBe(false);
  expect(changed).toHaveBeenCalledOnce();
  page.document.hidden = false;
  page.document.dispatchEvent(new Event("visibilitychange"));
  expect(wanted()).toBe(true);
});

test("a video in a picture-in-picture window is wanted while the tab is hidden", () => {
  const video = fakeVideo(1280, 720);
  const { publication } = receiving("visible", video);
  page.document.hidden = true;
  Object.assign(page.document, { pictureInPictureElement: video });
  page.document.dispatchEvent(new Event("visibilitychange"));
  expect(publication.wanted).toBe(true);
  Object.assign(page.document, { pictureInPictureElement: null });
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

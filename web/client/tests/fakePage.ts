/** Stands for a page whose elements a test shows, hides and resizes. */

import { vi } from "vitest";

import { FakeStream } from "./fakeStream.ts";

export type FakeVideo = ReturnType<typeof fakeVideo>;

/** An element that shows a picture of this size. */
export function fakeVideo(videoWidth: number, videoHeight: number) {
  return Object.assign(new EventTarget(), { videoWidth, videoHeight, srcObject: null as unknown, play: async () => {} });
}

/** Stands for ResizeObserver and IntersectionObserver: every entry has the fields of both. The observers of a page outlive it. */
export class FakeObserver {
  static readonly callbacks: Array<(entries: object[]) => void> = [];
  constructor(callback: (entries: object[]) => void) {
    FakeObserver.callbacks.push(callback);
  }
  observe() {}
  unobserve() {}
}

export class FakePage {
  readonly document = Object.assign(new EventTarget(), { hidden: false, pictureInPictureElement: null as unknown });

  /** Until `vi.unstubAllGlobals`. */
  install(devicePixelRatio = 1): this {
    vi.stubGlobal("ResizeObserver", FakeObserver);
    vi.stubGlobal("IntersectionObserver", FakeObserver);
    vi.stubGlobal("MediaStream", FakeStream);
    vi.stubGlobal("devicePixelRatio", devicePixelRatio);
    vi.stubGlobal("document", this.document);
    return this;
  }

  resize(element: FakeVideo, width: number, height: number): void {
    this.#tell({ target: element, contentRect: { width, height }, isIntersecting: true });
  }

  scroll(element: FakeVideo, isIntersecting: boolean): void {
    this.#tell({ target: element, contentRect: { width: 640, height: 360 }, isIntersecting });
  }

  #tell(entry: object): void {
    for (const tell of FakeObserver.callbacks) tell([entry]);
  }
}

import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { Publication } from "../src/publication.ts";
import { track } from "./fakeMedia.ts";
import { FakeStream } from "./fakeStream.ts";

/** Remembers what it has played: the tracks that were audible or visible from each call of `play` on. */
class FakeElement extends EventTarget {
  srcObject: FakeStream | null = null;
  paused = true;
  muted = false;
  volume = 1;
  sinkId = "";
  refuses = false;
  starts = true;
  async setSinkId(id: string) {
    this.sinkId = id;
  }
  async play() {
    if (this.refuses) throw new DOMException("", "NotAllowedError");
    this.paused = false;
    if (!this.starts) return new Promise<void>(() => {});
    log.push([this === element ? "element" : "bridge", ...(this.srcObject?.getTracks() ?? []).map((one) => [names.get(one), one.enabled])]);
  }
}

let element: FakeElement;
let bridges: FakeElement[];
let refusesBridges: boolean;
const log: unknown[] = [];
const names = new Map<MediaStreamTrack, string>();

beforeEach(() => {
  log.length = 0;
  bridges = [];
  refusesBridges = false;
  element = new FakeElement();
  vi.stubGlobal("MediaStream", FakeStream);
  vi.stubGlobal("document", {
    createElement: () => {
      const made = Object.assign(new FakeElement(), { refuses: refusesBridges });
      bridges.push(made);
      return made;
    },
  });
});

afterEach(() => vi.unstubAllGlobals());

async function playing(kind: "audio" | "video"): Promise<{ publication: Publication; former: MediaStreamTrack; next: MediaStreamTrack }> {
  const publication = new Publication(kind === "audio" ? "microphone" : "camera", kind, "all", async () => {});
  const [former, next] = [track(kind), track(kind)];
  names.set(former, "former").set(next, "next");
  publication.setTrack(former);
  publication.attach(element as unknown as HTMLMediaElement);
  await Promise.resolve();
  log.length = 0;
  return { publication, former, next };
}

test("a video goes on in the same stream: the element shows no gap", async () => {
  const { publication, next } = await playing("video");
  const stream = element.srcObject;
  await publication.continueWith(next);
  expect(publication.track).toBe(next);
  expect(element.srcObject).toBe(stream);
  expect(stream?.getTracks()).toEqual([next]);
  expect(log).toEqual([]);
});

test("while an element changes to another audio track, a second one plays it", async () => {
  const { publication, former, next } = await playing("audio");
  element.sinkId = "headset";
  element.volume = 0.5;
  await publication.continueWith(next);
  expect(log).toEqual([["bridge", ["next", true]], ["element", ["next", true]]]);
  expect(former.enabled).toBe(false);
  expect(element.srcObject?.getTracks()).toEqual([next]);
  expect(bridges).toMatchObject([{ sinkId: "headset", volume: 0.5, srcObject: null }]);
});

test("an element that is muted needs no second one, and one that may not play does without", async () => {
  const { publication, next } = await playing("audio");
  element.muted = true;
  await publication.continueWith(next);
  expect(bridges).toEqual([]);
  element.muted = false;
  refusesBridges = true;
  const another = track("audio");
  await publication.continueWith(another);
  expect(element.srcObject?.getTracks()).toEqual([another]);
});

test("an element that is detached meanwhile stays so", async () => {
  const { publication, next } = await playing("audio");
  const done = publication.continueWith(next);
  publication.detachAll();
  await done;
  expect(element.srcObject).toBeNull();
  expect(bridges).toMatchObject([{ srcObject: null }]);
});

test("an element that does not say when it plays holds up nothing", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout"] });
  const { publication, next } = await playing("audio");
  element.starts = false;
  const switched = publication.continueWith(next);
  await vi.advanceTimersByTimeAsync(5_000);
  await switched;
  expect(element.srcObject?.getTracks()).toEqual([next]);
  expect(bridges.map(({ srcObject }) => srcObject)).toEqual([null]);
  vi.useRealTimers();
});

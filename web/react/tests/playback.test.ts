/** The time line of a recording, and media elements that follow it. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { Manifest, RecordedTrack } from "@hubbub/client";
import { correction, Playback } from "../src/playback.ts";
import { clock, duration, isAt, screens, seats, spans } from "../src/recordingTimeline.ts";

function track(file: string, start: number, length: number | undefined, fields: Partial<RecordedTrack> = {}): RecordedTrack {
  return {
    file,
    start,
    ...(length !== undefined && { duration: length }),
    kind: "video",
    source: "camera",
    peerId: "ann",
    displayName: "Ann",
    userId: "ann",
    producerId: file,
    codec: "vp8",
    segment: 0,
    ...fields,
  };
}

function manifest(tracks: RecordedTrack[], stoppedAt?: number): Manifest {
  return {
    recording: { recordingId: "one", callId: "tea", state: "finished", audioOnly: false, startedAt: 1_000, ...(stoppedAt !== undefined && { stoppedAt }) },
    tracks,
  };
}

const BEN = { peerId: "ben", displayName: "Ben" };
const SOUND = { kind: "audio", source: "microphone", codec: "opus" };

describe("the time line", () => {
  const all = spans(
    manifest([
      track("late", 4_000, 6_000),
      track("ann", 500, 2_500),
      track("voice", 1_000, 9_000, { ...BEN, ...SOUND }),
      track("screen", 2_000, 1_000, { ...BEN, source: "screen" }),
      track("empty", 0, 0),
    ]),
  );

  it("has the files in the order of their starts, without empty ones", () => {
    expect(all.map(({ track: { file }, start, end }) => [file, start, end])).toEqual([
      ["ann", 0.5, 3],
      ["voice", 1, 10],
      ["screen", 2, 3],
      ["late", 4, 10],
    ]);
    expect(duration(all)).toBe(10);
    expect(duration([])).toBe(0);
  });

  it("shows who is there at a time, with a camera or without", () => {
    const at = (time: number) => seats(all, time).map(({ name, camera }) => [name, camera?.track.file]);
    expect(at(0)).toEqual([]);
    expect(at(2)).toEqual([["Ann", "ann"], ["Ben", undefined]]);
    expect(at(3)).toEqual([["Ben", undefined]]);
    expect(at(5)).toEqual([["Ben", undefined], ["Ann", "late"]]);
    expect(screens(all, 2.5).map((span) => span.track.file)).toEqual(["screen"]);
    expect(screens(all, 3)).toEqual([]);
  });

  it("ends a file without a duration with the recording, and leaves it out while that is not known", () => {
    expect(spans(manifest([track("cut", 1_000, undefined)], 9_000)).map(({ end }) => end)).toEqual([8]);
    expect(spans(manifest([track("cut", 1_000, undefined)]))).toEqual([]);
  });

  it.each([
    [0, "0:00"],
    [61.9, "1:01"],
    [3_599, "59:59"],
    [3_725, "1:02:05"],
  ])("writes %d seconds as %s", (seconds, text) => expect(clock(seconds)).toBe(text));
});

describe("a correction", () => {
  it.each([
    [1, 1.03, { rate: 1 }],
    [1, 1.1, { rate: 1.05 }],
    [1.1, 1, { rate: 0.95 }],
    [1, 1.5, { jump: 1.5 }],
    [9, 1, { jump: 1 }],
  ])("of %d to %d", (current, wanted, expected) => expect(correction(current, wanted)).toEqual(expected));
});

/** What `Playback` uses of a media element. Its time passes with that of the test while it plays. */
class FakeElement {
  readyState = 4;
  playbackRate = 1;
  paused = true;
  seeking = false;
  error = null;
  jumps = 0;
  #time = 0;
  #since = 0;

  get currentTime(): number {
    return this.#time + (this.paused ? 0 : ((performance.now() - this.#since) / 1000) * this.playbackRate);
  }

  set currentTime(time: number) {
    this.jumps += 1;
    this.#time = time;
    this.#since = performance.now();
  }

  async play(): Promise<void> {
    this.#since = performance.now();
    this.paused = false;
  }

  pause(): void {
    this.#time = this.currentTime;
    this.paused = true;
  }
}

describe("playback", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] }));
  afterEach(() => void vi.useRealTimers());

  const all = spans(manifest([track("ann", 0, 4_000), track("late", 2_000, 2_000)]));

  function playing() {
    const playback = new Playback(all);
    const elements = { ann: new FakeElement(), late: new FakeElement() };
    for (const [file, element] of Object.entries(elements)) playback.attach(file, element as unknown as HTMLMediaElement);
    return { playback, ...elements };
  }

  it("plays each file from its start to its end", () => {
    const { playback, ann, late } = playing();
    playback.play();
    vi.advanceTimersByTime(1_000);
    expect([ann.paused, late.paused]).toEqual([false, true]);
    vi.advanceTimersByTime(2_000);
    expect([ann.paused, late.paused]).toEqual([false, false]);
    expect(late.currentTime).toBeCloseTo(playback.time - 2, 1);
    expect(ann.jumps, "a file that is in time is not sought in").toBe(0);
    vi.advanceTimersByTime(1_500);
    expect([playback.playing, playback.time, ann.paused, late.paused]).toEqual([false, 4, true, true]);
    playback.play();
    expect(playback.time, "it begins again").toBe(0);
  });

  it("jumps with all files", () => {
    const { playback, ann, late } = playing();
    playback.seek(3);
    expect([ann.currentTime, late.currentTime]).toEqual([3, 1]);
    playback.seek(99);
    expect(playback.time).toBe(4);
    playback.seek(-1);
    expect([playback.time, ann.currentTime]).toEqual([0, 0]);
  });

  it("waits for a file that has no data, with all others, and not for ever", () => {
    const { playback, ann, late } = playing();
    playback.seek(2);
    playback.play();
    late.readyState = 1;
    vi.advanceTimersByTime(1_000);
    expect(playback.time).toBeLessThan(2.2);
    expect(ann.paused, "nobody is ahead").toBe(true);
    late.readyState = 4;
    vi.advanceTimersByTime(500);
    expect(playback.time).toBeGreaterThan(2.3);
    expect(ann.paused).toBe(false);
    playback.seek(2);
    late.readyState = 1;
    vi.advanceTimersByTime(6_500);
    expect(playback.time, "the file is incomplete").toBeGreaterThan(2.5);
  });

  it("catches up with a file that lags", () => {
    const { playback, ann } = playing();
    playback.play();
    vi.advanceTimersByTime(200);
    ann.currentTime = playback.time - 0.2;
    vi.advanceTimersByTime(100);
    expect(ann.playbackRate).toBe(1.05);
  });

  it("tells its listeners, and stops with the page", () => {
    const { playback, ann } = playing();
    const heard = vi.fn();
    const stop = playback.subscribe(heard);
    playback.play();
    expect(heard).toHaveBeenCalled();
    stop();
    heard.mockClear();
    playback.close();
    vi.advanceTimersByTime(1_000);
    expect(heard).not.toHaveBeenCalled();
    expect(ann.paused).toBe(true);
    expect(isAt(all[0]!, playback.time)).toBe(true);
  });
});

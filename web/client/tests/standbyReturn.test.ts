import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { CallError } from "../src/errors.ts";
import type { Home } from "../src/home.ts";
import { Standby } from "../src/standby.ts";

/** The latest of the times at which a standby is usually prepared. */
const USUAL_MS = 7_000;
const PROVEN_MS = 60_000;

/** A standby of a home that is stable. Whether the server refuses, and whether the media connects, is up to the test. */
class Rig {
  refuses = false;
  connects = true;
  /** When an attempt was made. */
  readonly attempts: number[] = [];
  readonly standby = new Standby("relay", () => this.#home, () => this.#make());
  readonly #home = { transports: { all: [["send", {}]] } } as unknown as Home;

  constructor() {
    this.standby.advance();
  }

  #make(): Home {
    this.attempts.push(Date.now());
    const { refuses, connects } = this;
    const transports = {
      all: [["send", { connectionState: connects ? "connected" : "connecting" }]],
      directionOf: (id: string) => (id === "transport" ? "send" : undefined),
    };
    const sync = async () => {
      if (refuses) return [new CallError("unavailable", "later", true)];
      this.standby.listener.advanced();
      return [];
    };
    return { transports, isStable: true, sync, close: () => {} } as unknown as Home;
  }

  /** Returns after how long another attempt is made. */
  async wait(): Promise<number> {
    const [before, begun] = [this.attempts.length, Date.now()];
    while (this.attempts.length === before) await vi.advanceTimersToNextTimerAsync();
    await vi.advanceTimersByTimeAsync(0);
    return (this.attempts.at(-1) as number) - begun;
  }

  /** The waits after each of so many ends. Each standby is ready for `lasts` milliseconds before. */
  async waits(count: number, lasts: number, end: () => void): Promise<number[]> {
    const waits: number[] = [];
    for (let nth = 0; nth < count; nth += 1) {
      await vi.advanceTimersByTimeAsync(lasts);
      end();
      waits.push(await this.wait());
    }
    return waits;
  }
}

let rig: Rig;

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, "random").mockReturnValue(1);
  rig = new Rig();
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const closed = () => rig.standby.transportClosed("transport");

test.each<[string, () => void]>([
  ["its node dies or drains", closed],
  ["it loses its network path", () => rig.standby.listener.disrupted()],
  [
    "the client moves, or its socket is lost",
    () => {
      rig.standby.drop();
      rig.standby.advance();
    },
  ],
])("when %s, a standby comes back as soon as the first one came, but not again and again", async (_, end) => {
  expect(await rig.wait()).toBe(USUAL_MS);
  expect(await rig.waits(2, 1_000, end)).toEqual([USUAL_MS, 2 * USUAL_MS]);
});

test("ends that follow each other within a minute double the wait, up to a minute", async () => {
  await rig.wait();
  expect(await rig.waits(6, 1_000, closed)).toEqual([7_000, 14_000, 28_000, 56_000, 60_000, 60_000]);
  expect(await rig.waits(2, PROVEN_MS, closed)).toEqual([7_000, 7_000]);
  expect(await rig.waits(2, PROVEN_MS - 1, closed)).toEqual([14_000, 28_000]);
});

test("an attempt that the server refuses waits for longer, also when standbys ended before", async () => {
  await rig.wait();
  await rig.waits(2, 1_000, closed);
  rig.refuses = true;
  expect(await rig.waits(1, 1_000, closed)).toEqual([28_000]);
  expect([await rig.wait(), await rig.wait()]).toEqual([60_000, 120_000]);
});

test("the end of one that was made after refusals is no refusal", async () => {
  rig.refuses = true;
  await rig.wait();
  await rig.wait();
  rig.refuses = false;
  await rig.wait();
  expect(await rig.waits(2, 1_000, closed)).toEqual([7_000, 14_000]);
});

test("one that never connects counts as refused", async () => {
  rig.connects = false;
  await rig.wait();
  expect(await rig.waits(2, 1_000, () => rig.standby.listener.disrupted())).toEqual([60_000, 120_000]);
});

test("after a standby has taken over, the next one comes as soon as the first one came", async () => {
  await rig.wait();
  await rig.waits(3, 1_000, closed);
  rig.standby.take();
  rig.standby.advance();
  expect(await rig.wait()).toBe(USUAL_MS);
  expect(await rig.waits(1, 1_000, closed)).toEqual([USUAL_MS]);
});

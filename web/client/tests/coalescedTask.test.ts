import { expect, test, vi } from "vitest";

import { CoalescedTask } from "../src/coalescedTask.ts";

/** A task whose runs end when the test says so. */
class Runs {
  readonly ends: { resolve: () => void; reject: (error: Error) => void }[] = [];
  readonly finished = vi.fn();
  readonly task = new CoalescedTask(
    () => new Promise<void>((resolve, reject) => this.ends.push({ resolve, reject })),
    this.finished,
  );

  async started(count: number): Promise<void> {
    await vi.waitFor(() => expect(this.ends).toHaveLength(count));
  }
}

test("requests during a run share one run after it", async () => {
  const runs = new Runs();
  const first = runs.task.run();
  await runs.started(1);
  const second = runs.task.run();
  expect(runs.task.run()).toBe(second);
  runs.ends[0]!.resolve();
  await first;
  await runs.started(2);
  runs.ends[1]!.resolve();
  await second;
  await vi.waitFor(() => expect(runs.finished).toHaveBeenCalledTimes(2));
  expect(runs.ends).toHaveLength(2);
});

test("a task is idle when no run is in progress and none is requested", async () => {
  const runs = new Runs();
  expect(runs.task.isIdle).toBe(true);
  const run = runs.task.run();
  expect(runs.task.isIdle).toBe(false);
  await runs.started(1);
  expect(runs.task.isIdle).toBe(false);
  let idle: boolean | undefined;
  runs.finished.mockImplementation(() => (idle = runs.task.isIdle));
  runs.ends[0]!.resolve();
  await run;
  await vi.waitFor(() => expect(idle).toBe(true));
});

test("a failed run rejects its own requests and does not stop the next run", async () => {
  const runs = new Runs();
  const failing = runs.task.run();
  await runs.started(1);
  const next = runs.task.run();
  runs.ends[0]!.reject(new Error("no"));
  await expect(failing).rejects.toThrow("no");
  expect(runs.task.failure).toEqual(new Error("no"));
  await runs.started(2);
  runs.ends[1]!.resolve();
  await expect(next).resolves.toBeUndefined();
  expect(runs.task.failure).toBeUndefined();
});

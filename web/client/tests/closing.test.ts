import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { StandbyRig } from "./standbyRig.ts";

vi.mock("../src/standbySchedule.ts", () => import("./standbyTimes.ts"));

let rig: StandbyRig;

beforeEach(async () => {
  rig = await new StandbyRig().open();
});
afterEach(async () => {
  await rig.close();
});

/** The server refuses this request as long as the returned object says so. */
function refuse(event: "closeProducer" | "closeConsumer"): { refuses: boolean } {
  const state = { refuses: true };
  rig.server.override[event] = (() => {
    // eslint-disable-next-line @typescript-eslint/only-throw-error -- as the server answers
    if (state.refuses) throw { code: "unavailable", message: "the media node does not answer", retryable: true };
    return {};
  }) as never;
  return state;
}

test("a producer whose close fails is closed later", async () => {
  await rig.start({ standby: false });
  const server = refuse("closeProducer");
  void rig.call.local.unpublish("camera").catch(() => undefined);
  await vi.waitFor(() => expect(rig.requests("closeProducer")).toHaveLength(1));
  server.refuses = false;
  await vi.waitFor(() => expect(rig.requests("closeProducer")).toHaveLength(2));
});

test("a consumer whose close fails is closed later", async () => {
  await rig.start({ standby: false });
  const server = refuse("closeConsumer");
  void rig.annsCamera.setSubscribed(false);
  await vi.waitFor(() => expect(rig.requests("closeConsumer")).toHaveLength(1));
  server.refuses = false;
  await vi.waitFor(() => expect(rig.requests("closeConsumer")).toHaveLength(2));
});

test("a track that is unpublished while its node is dead is closed on the standby that takes over", async () => {
  await rig.startWithStandby();
  const server = refuse("closeProducer");
  void rig.call.local.unpublish("camera").catch(() => undefined);
  await vi.waitFor(() => expect(rig.requests("closeProducer").length).toBeGreaterThan(0));
  await rig.promote();
  server.refuses = false;
  const before = rig.requests("closeProducer").length;
  await vi.waitFor(() => expect(rig.requests("closeProducer").length).toBeGreaterThan(before));
});

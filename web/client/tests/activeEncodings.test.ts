import type { types } from "mediasoup-client";
import { expect, test } from "vitest";

import { setActiveEncodings } from "../src/activeEncodings.ts";

/** A producer whose sender has these encodings, and what was set. */
function producer(...active: boolean[]): { producer: types.Producer; set: boolean[][] } {
  const set: boolean[][] = [];
  let encodings = active.map((one, index) => ({ rid: `r${index}`, active: one, maxBitrate: 1000 * index }));
  const rtpSender = {
    getParameters: () => ({ transactionId: "1", encodings: encodings.map((one) => ({ ...one })) }),
    setParameters: async (parameters: { encodings: typeof encodings }) => {
      encodings = parameters.encodings;
      set.push(encodings.map((one) => one.active));
    },
  };
  return { producer: { rtpSender } as unknown as types.Producer, set };
}

test("encodings are started and stopped, and nothing else changes", async () => {
  const { producer: camera, set } = producer(true, true, true);
  await setActiveEncodings(camera, [true, false, true]);
  expect(set).toEqual([[true, false, true]]);
  expect(camera.rtpSender?.getParameters().encodings[2]).toEqual({ rid: "r2", active: true, maxBitrate: 2000 });
  await setActiveEncodings(camera, [true, true, false]);
  expect(set).toEqual([[true, false, true], [true, true, false]]);
});

test("an encoder is not restarted for encodings that are as wanted", async () => {
  const { producer: camera, set } = producer(true, false);
  await setActiveEncodings(camera, [true, false]);
  expect(set).toEqual([]);
});

test("another number of encodings, and a producer without a sender, are left alone", async () => {
  const { producer: camera, set } = producer(true, true);
  await setActiveEncodings(camera, [true, false, false]);
  expect(set).toEqual([]);
  await setActiveEncodings({} as types.Producer, [true]);
});

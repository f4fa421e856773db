import { expect, test } from "vitest";

import { qualityOf } from "../src/quality.ts";
import { StatsReader, type Report, type StreamStats } from "../src/stats.ts";

const owners = {
  send: new Map([["0", { participant: "local", source: "camera" as const }]]),
  recv: new Map([["1", { participant: "ben", source: "microphone" as const }]]),
};

function inbound(bytes: number, packets: number, lost: number): Report {
  return { id: "in", type: "inbound-rtp", mid: "1", kind: "audio", bytesReceived: bytes, packetsReceived: packets, packetsLost: lost, jitter: 0.01 };
}

function outbound(id: string, bytes: number, width: number): Report {
  return { id, type: "outbound-rtp", mid: "0", kind: "video", bytesSent: bytes, packetsSent: bytes / 1000, frameWidth: width, codecId: "c", remoteId: `r${id}` };
}

test("rates cover the time between two readings", () => {
  const reader = new StatsReader();
  reader.read({ send: [], recv: [inbound(1000, 10, 0)] }, owners, 0);
  const { recv } = reader.read({ send: [], recv: [inbound(6000, 55, 5)] }, owners, 2000);
  expect(recv).toEqual([
    { participant: "ben", source: "microphone", kind: "audio", bitrate: 20_000, packetsLost: 5, lossRate: 0.1, jitter: 0.01 },
  ]);
});

test("the layers of a simulcast track are one stream with the size of the largest layer", () => {
  const reader = new StatsReader();
  const codec = { id: "c", type: "codec", mimeType: "video/VP8" };
  reader.read({ send: [outbound("a", 0, 320), outbound("b", 0, 1280), codec], recv: [] }, owners, 0);
  const { send } = reader.read({ send: [outbound("a", 10_000, 320), outbound("b", 90_000, 1280), codec], recv: [] }, owners, 1000);
  expect(send).toMatchObject([{ source: "camera", bitrate: 800_000, width: 1280, codec: "VP8" }]);
});

test("a stream without an owner is ignored, and a new stream has bitrate 0", () => {
  const reader = new StatsReader();
  const unowned = { ...inbound(1, 1, 0), id: "x", mid: "9" };
  const { recv } = reader.read({ send: [], recv: [unowned, inbound(5000, 5, 0)] }, owners, 1000);
  expect(recv.map(({ bitrate }) => bitrate)).toEqual([0]);
});

test("the round-trip time is that of the nominated candidate pair", () => {
  const pair = { id: "p", type: "candidate-pair", nominated: true, currentRoundTripTime: 0.04 };
  const other = { ...pair, id: "q", nominated: false, currentRoundTripTime: 9 };
  expect(new StatsReader().read({ send: [other, pair], recv: [] }, owners, 0).rtt).toBe(0.04);
});

const fine: StreamStats = { participant: "ben", source: "camera", kind: "video", bitrate: 1, packetsLost: 0, lossRate: 0, jitter: 0 };

test.each([
  [[], undefined, "unknown"],
  [[fine], 0.02, "excellent"],
  [[fine, { ...fine, lossRate: 0.04 }], 0.02, "good"],
  [[fine], 0.4, "good"],
  [[{ ...fine, lossRate: 0.3 }], 0.02, "poor"],
  [[fine], 2, "poor"],
  [[{ ...fine, bitrate: 0 }], 0.02, "excellent"],
] as const)("the quality of %j with a round-trip time of %s s is %s", (streams, rtt, quality) => {
  expect(qualityOf(streams, rtt)).toBe(quality);
});

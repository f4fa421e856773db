/** Statistics of a call by track, computed from two successive WebRTC statistics reports. */

import type { InboundStats, OutboundStats, TransportStats } from "./generated/messages.ts";
import type { Source } from "./publication.ts";

/** An entry of the server's statistics; its `type` says of what. */
export type ServerStats = TransportStats | InboundStats | OutboundStats;

export interface StreamStats {
  /** Id of the participant who sends the stream; `local` for this client. */
  participant: string;
  source: Source;
  kind: "audio" | "video";
  /** Bits per second since the previous reading. */
  bitrate: number;
  /** Packets lost since the stream began. */
  packetsLost: number;
  /** Share of packets lost since the previous reading, 0 to 1. */
  lossRate: number;
  /** Interarrival jitter in seconds. */
  jitter: number;
  /** Pixels. */
  width?: number;
  /** Pixels. */
  height?: number;
  framesPerSecond?: number;
  /** For example `VP8` or `opus`. */
  codec?: string;
  /** The limit of a sent video's quality: `cpu`, `bandwidth` or `other`; absent when nothing does. */
  qualityLimitation?: string;
}

export interface CallStats {
  /** Time of the reading: `performance.now()`, in milliseconds. */
  at: number;
  /** Round-trip time to the media node in seconds. */
  rtt?: number;
  send: StreamStats[];
  recv: StreamStats[];
}

/** One entry of an RTCStatsReport. */
export type Report = Record<string, unknown> & { id: string; type: string };
/** The participant and source of each stream, by the mid of its transceiver. */
export type StreamOwners = ReadonlyMap<string, { participant: string; source: Source }>;

/** Returns the WebRTC statistics of a transport; empty if it is closed. */
export async function readReports(from: { closed: boolean; getStats(): Promise<RTCStatsReport> } | undefined): Promise<Report[]> {
  if (!from || from.closed) return [];
  try {
    return [...(await from.getStats()).values()] as Report[];
  } catch {
    return [];
  }
}

interface Totals {
  at: number;
  bytes: number;
  packets: number;
  lost: number;
}

export class StatsReader {
  #before = new Map<string, Totals>();

  /**
   * Computes the statistics since the previous call.
   *
   * @param reports - Statistics of both transports (https://www.w3.org/TR/webrtc-stats/).
   * @param at - `performance.now()`, in milliseconds.
   */
  read(reports: { send: readonly Report[]; recv: readonly Report[] }, owners: { send: StreamOwners; recv: StreamOwners }, at: number): CallStats {
    const before = this.#before;
    this.#before = new Map();
    const send = this.#streams(reports.send, "outbound-rtp", owners.send, before, at);
    const recv = this.#streams(reports.recv, "inbound-rtp", owners.recv, before, at);
    const rtt = roundTripTime([...reports.send, ...reports.recv]);
    return { at, ...(rtt === undefined ? {} : { rtt }), send, recv };
  }

  #streams(reports: readonly Report[], type: string, owners: StreamOwners, before: ReadonlyMap<string, Totals>, at: number): StreamStats[] {
    const byId = new Map(reports.map((report) => [report.id, report]));
    const result = new Map<string, StreamStats>();
    for (const report of reports) {
      const owner = owners.get(String(report["mid"]));
      if (report.type !== type || !owner || report["active"] === false) continue;
      // What the remote peer reports about this stream (RTCP).
      const remote: Partial<Report> = byId.get(String(report["remoteId"])) ?? {};
      const lost = number(type === "inbound-rtp" ? report["packetsLost"] : remote["packetsLost"]);
      const totals = {
        at,
        bytes: number(report["bytesReceived"] ?? report["bytesSent"]),
        packets: number(report["packetsReceived"] ?? report["packetsSent"]),
        lost,
      };
      this.#before.set(report.id, totals);
      const stats = stream(owner, report, byId.get(String(report["codecId"])), remote, totals, before.get(report.id));
      const key = `${owner.participant} ${owner.source}`;
      result.set(key, merge(result.get(key), stats));
    }
    return [...result.values()];
  }
}

function stream(
  owner: { participant: string; source: Source },
  report: Report,
  codec: Report | undefined,
  remote: Partial<Report>,
  totals: Totals,
  before: Totals | undefined,
): StreamStats {
  const seconds = before ? (totals.at - before.at) / 1000 : 0;
  const lost = before ? Math.max(0, totals.lost - before.lost) : 0;
  const received = before ? Math.max(0, totals.packets - before.packets) : 0;
  const limitation = report["qualityLimitationReason"];
  return {
    ...owner,
    kind: report["kind"] as "audio" | "video",
    bitrate: before && seconds > 0 ? Math.max(0, ((totals.bytes - before.bytes) * 8) / seconds) : 0,
    packetsLost: totals.lost,
    lossRate: lost === 0 ? 0 : Math.min(1, lost / (lost + received)),
    jitter: number(report["jitter"] ?? remote["jitter"]),
    ...optionalNumber("width", report["frameWidth"]),
    ...optionalNumber("height", report["frameHeight"]),
    ...optionalNumber("framesPerSecond", report["framesPerSecond"]),
    ...(typeof codec?.["mimeType"] === "string" ? { codec: codec["mimeType"].replace(/^\w+\//, "") } : {}),
    ...(typeof limitation === "string" && limitation !== "none" ? { qualityLimitation: limitation } : {}),
  };
}

/** Combines the simulcast layers of one track: adds up the bitrates and takes the size of the largest layer. */
function merge(one: StreamStats | undefined, other: StreamStats): StreamStats {
  if (!one) return other;
  const larger = (other.width ?? 0) > (one.width ?? 0) ? other : one;
  return {
    ...larger,
    bitrate: one.bitrate + other.bitrate,
    packetsLost: one.packetsLost + other.packetsLost,
    lossRate: Math.max(one.lossRate, other.lossRate),
  };
}

function roundTripTime(reports: readonly Report[]): number | undefined {
  const pairs = reports.filter(({ type, ...pair }) => type === "candidate-pair" && pair["nominated"] === true);
  const [rtt] = pairs.map((pair) => pair["currentRoundTripTime"]).filter((value) => typeof value === "number");
  return rtt;
}

function number(value: unknown): number {
  return typeof value === "number" ? value : 0;
}

function optionalNumber<K extends string>(key: K, value: unknown): { [P in K]?: number } {
  return (typeof value === "number" ? { [key]: value } : {}) as { [P in K]?: number };
}

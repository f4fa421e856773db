/** What the transports have measured, as figures of each track over the time since the last reading. */

import type { Source } from "./publication.ts";

export interface StreamStats {
  /** A participant's id; `local` for what is sent. */
  participant: string;
  source: Source;
  kind: "audio" | "video";
  /** Bits per second since the last reading. */
  bitrate: number;
  packetsLost: number;
  /** Share of the packets since the last reading, 0 to 1. */
  lossRate: number;
  /** Seconds. */
  jitter: number;
  width?: number;
  height?: number;
  framesPerSecond?: number;
  codec?: string;
  /** Why less is sent than could be: `cpu`, `bandwidth`, `other`; absent when nothing is in the way. */
  qualityLimitation?: string;
}

export interface CallStats {
  /** Milliseconds, of `performance.now()`. */
  at: number;
  /** Seconds to the media node and back. */
  rtt?: number;
  send: StreamStats[];
  recv: StreamStats[];
}

export type Report = Record<string, unknown> & { id: string; type: string };
/** Whose a stream is, by its mid. */
export type Owners = ReadonlyMap<string, { participant: string; source: Source }>;

interface Totals {
  at: number;
  bytes: number;
  packets: number;
  lost: number;
}

export class StatsReader {
  #before = new Map<string, Totals>();

  /** From the reports of both transports (https://www.w3.org/TR/webrtc-stats/). */
  read(reports: { send: readonly Report[]; recv: readonly Report[] }, owners: { send: Owners; recv: Owners }, at: number): CallStats {
    const before = this.#before;
    this.#before = new Map();
    const send = this.#streams(reports.send, "outbound-rtp", owners.send, before, at);
    const recv = this.#streams(reports.recv, "inbound-rtp", owners.recv, before, at);
    const rtt = roundTrip([...reports.send, ...reports.recv]);
    return { at, ...(rtt === undefined ? {} : { rtt }), send, recv };
  }

  #streams(reports: readonly Report[], type: string, owners: Owners, before: ReadonlyMap<string, Totals>, at: number): StreamStats[] {
    const byId = new Map(reports.map((report) => [report.id, report]));
    const result = new Map<string, StreamStats>();
    for (const report of reports) {
      const owner = owners.get(String(report["mid"]));
      if (report.type !== type || !owner || report["active"] === false) continue;
      const told = byId.get(String(report["remoteId"])) ?? {};
      const lost = number(type === "inbound-rtp" ? report["packetsLost"] : (told as Report)["packetsLost"]);
      const totals = {
        at,
        bytes: number(report["bytesReceived"] ?? report["bytesSent"]),
        packets: number(report["packetsReceived"] ?? report["packetsSent"]),
        lost,
      };
      this.#before.set(report.id, totals);
      const stats = stream(owner, report, byId.get(String(report["codecId"])), told as Partial<Report>, totals, before.get(report.id));
      const key = `${owner.participant} ${owner.source}`;
      result.set(key, merged(result.get(key), stats));
    }
    return [...result.values()];
  }
}

function stream(
  owner: { participant: string; source: Source },
  report: Report,
  codec: Report | undefined,
  told: Partial<Report>,
  totals: Totals,
  before: Totals | undefined,
): StreamStats {
  const seconds = before ? (totals.at - before.at) / 1000 : 0;
  const lost = before ? Math.max(0, totals.lost - before.lost) : 0;
  const came = before ? Math.max(0, totals.packets - before.packets) : 0;
  const limitation = report["qualityLimitationReason"];
  return {
    ...owner,
    kind: report["kind"] as "audio" | "video",
    bitrate: before && seconds > 0 ? Math.max(0, ((totals.bytes - before.bytes) * 8) / seconds) : 0,
    packetsLost: totals.lost,
    lossRate: lost === 0 ? 0 : Math.min(1, lost / (lost + came)),
    jitter: number(report["jitter"] ?? told["jitter"]),
    ...given("width", report["frameWidth"]),
    ...given("height", report["frameHeight"]),
    ...given("framesPerSecond", report["framesPerSecond"]),
    ...(typeof codec?.["mimeType"] === "string" ? { codec: codec["mimeType"].replace(/^\w+\//, "") } : {}),
    ...(typeof limitation === "string" && limitation !== "none" ? { qualityLimitation: limitation } : {}),
  };
}

/** Simulcast is several streams of one track: their bits add up, the largest picture counts. */
function merged(one: StreamStats | undefined, other: StreamStats): StreamStats {
  if (!one) return other;
  const larger = (other.width ?? 0) > (one.width ?? 0) ? other : one;
  return {
    ...larger,
    bitrate: one.bitrate + other.bitrate,
    packetsLost: one.packetsLost + other.packetsLost,
    lossRate: Math.max(one.lossRate, other.lossRate),
  };
}

function roundTrip(reports: readonly Report[]): number | undefined {
  const pairs = reports.filter(({ type, ...pair }) => type === "candidate-pair" && pair["nominated"] === true);
  const [rtt] = pairs.map((pair) => pair["currentRoundTripTime"]).filter((value) => typeof value === "number");
  return rtt;
}

function number(value: unknown): number {
  return typeof value === "number" ? value : 0;
}

function given<K extends string>(key: K, value: unknown): { [P in K]?: number } {
  return (typeof value === "number" ? { [key]: value } : {}) as { [P in K]?: number };
}

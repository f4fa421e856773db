import type { Call, CallStats, TransportStats } from "@hubbub/client";
import { Plot } from "./Plot.tsx";
import { useCallState } from "./useCallState.ts";
import { useCallStats } from "./useCallStats.ts";
import { useServerStats } from "./useServerStats.ts";

type Stream = CallStats["send"][number];

/** Statistics of a call: plots of the last minute and a table of the current streams. */
export function StatsOverlay({ call }: { call: Call }) {
  const readings = useCallStats(call);
  const server = useServerStats(call);
  const { local, participants } = useCallState(call);
  const names = new Map([...(local ? [local] : []), ...participants].map(({ id, name }) => [id, name]));
  const now = readings.at(-1);
  return (
    <div className="hb-stats">
      <Plot label="Sent" values={readings.map(({ send }) => total(send))} format={bitrate} floor={100_000} />
      <Plot label="Received" values={readings.map(({ recv }) => total(recv))} format={bitrate} floor={100_000} />
      <Plot label="Round trip" values={readings.map(({ rtt }) => rtt)} format={(seconds) => `${(seconds * 1000).toFixed(0)} ms`} floor={0.05} />
      <Plot label="Loss" values={readings.map(({ recv }) => worst(recv))} format={(share) => `${(share * 100).toFixed(1)} %`} floor={0.02} />
      <Plot label="Sent picture" values={readings.map(({ send }) => tallest(send))} format={(lines) => `${lines}p`} floor={360} />
      <Plot label="Received pictures" values={readings.map(({ recv }) => tallest(recv))} format={(lines) => `${lines}p`} floor={360} />
      <Plot label="Bandwidth to receive" values={server.map((one) => one?.availableOutgoingBitrate)} format={bitrate} floor={100_000} />
      <Bandwidth transport={server.at(-1)} />
      {now && <Streams title="Sent" streams={now.send} names={names} />}
      {now && <Streams title="Received" streams={now.recv} names={names} />}
    </div>
  );
}

/** What the server estimates that this client can receive, and what it uses that for. */
function Bandwidth({ transport }: { transport: TransportStats | undefined }) {
  if (transport?.availableOutgoingBitrate === undefined) return null;
  const { availableOutgoingBitrate, maxOutgoingBitrate, allocatedOutgoingBitrate, wantedOutgoingBitrate } = transport;
  const rows = [
    ["Estimate", availableOutgoingBitrate, "availableOutgoingBitrate"],
    ["Limit of the estimate", maxOutgoingBitrate, "maxOutgoingBitrate"],
    ["Used for videos", allocatedOutgoingBitrate, "allocatedOutgoingBitrate"],
    ["Wanted for videos", wantedOutgoingBitrate, "wantedOutgoingBitrate"],
  ] as const;
  return (
    <table className="hb-bandwidth">
      <caption>Bandwidth to receive, by the server</caption>
      <tbody>
        {rows.map(
          ([label, bits, name]) =>
            bits !== undefined && (
              <tr key={name}>
                <th scope="row">
                  {label}
                  <small>{name}</small>
                </th>
                <td>{bitrate(bits)}</td>
              </tr>
            ),
        )}
      </tbody>
    </table>
  );
}

function Streams({ title, streams, names }: { title: string; streams: readonly Stream[]; names: ReadonlyMap<string, string> }) {
  if (streams.length === 0) return null;
  return (
    <table>
      <caption>{title}</caption>
      <thead>
        <tr>
          <th scope="col">Stream</th>
          <th scope="col">Rate</th>
          <th scope="col">Loss</th>
        </tr>
      </thead>
      <tbody>
        {streams.map((stream, index) => (
          <tr key={`${stream.participant} ${stream.source} ${index}`}>
            <th scope="row">
              {names.get(stream.participant) ?? "Somebody"}, {stream.source}
              <small>{details(stream)}</small>
            </th>
            <td>{bitrate(stream.bitrate)}</td>
            <td>{((stream.lossRate ?? 0) * 100).toFixed(1)} %</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function details({ codec, kind, width, height, framesPerSecond, qualityLimitation }: Stream): string {
  const size = kind === "video" && width && height ? `${width}×${height}` : undefined;
  const frames = kind === "video" && framesPerSecond !== undefined ? `${Math.round(framesPerSecond)} fps` : undefined;
  const limit = qualityLimitation && qualityLimitation !== "none" ? `limited by ${qualityLimitation}` : undefined;
  return [codec?.replace(/^.*\//, ""), size, frames, limit].filter(Boolean).join(" · ");
}

/** Formats a bitrate in bits per second. */
export function bitrate(bits: number): string {
  return bits >= 1_000_000 ? `${(bits / 1_000_000).toFixed(1)} Mbit/s` : `${Math.round(bits / 1000)} kbit/s`;
}

function total(streams: readonly Stream[]): number {
  return streams.reduce((sum, { bitrate }) => sum + bitrate, 0);
}

function worst(streams: readonly Stream[]): number | undefined {
  return streams.length > 0 ? Math.max(...streams.map(({ lossRate }) => lossRate ?? 0)) : undefined;
}

function tallest(streams: readonly Stream[]): number | undefined {
  const heights = streams.map(({ height }) => height).filter((height) => height !== undefined && height > 0) as number[];
  return heights.length > 0 ? Math.max(...heights) : undefined;
}

/** Audio levels of all participants, from RTP header extensions (RFC 6464) or from WebRTC statistics. */

import type { Media } from "./media.ts";
import type { Participant } from "./participant.ts";
import type { Report } from "./stats.ts";

/** Returns the current level, 0 to 1, of each participant with a microphone track. A muted participant has level 0. */
export async function audioLevels(media: Media, local: Participant): Promise<Map<Participant, number>> {
  const result = new Map<Participant, number>();
  const withoutExtension = new Map<string, Participant>();
  for (const { consumer, track } of media.received) {
    if (track.publication.source !== "microphone") continue;
    const level = consumer.rtpReceiver?.getSynchronizationSources()[0]?.audioLevel;
    if (track.publication.muted) result.set(track.participant, 0);
    else if (level !== undefined) result.set(track.participant, level);
    else if (consumer.rtpParameters.mid) withoutExtension.set(consumer.rtpParameters.mid, track.participant);
  }
  if (withoutExtension.size > 0) {
    for (const report of await readReports(media.transport("recv"))) {
      const participant = report.type === "inbound-rtp" ? withoutExtension.get(String(report["mid"])) : undefined;
      if (participant) result.set(participant, levelOf(report));
    }
  }
  const own = media.sent.get("microphone");
  if (own) {
    const [source] = own.paused ? [] : (await readReports(own.producer)).filter(({ type }) => type === "media-source");
    result.set(local, source ? levelOf(source) : 0);
  }
  return result;
}

/** Returns the WebRTC statistics of a transport or producer; empty if it is closed. */
export async function readReports(from: { closed: boolean; getStats(): Promise<RTCStatsReport> } | undefined): Promise<Report[]> {
  if (!from || from.closed) return [];
  try {
    return [...(await from.getStats()).values()] as Report[];
  } catch {
    return [];
  }
}

function levelOf(report: Report): number {
  return typeof report["audioLevel"] === "number" ? report["audioLevel"] : 0;
}

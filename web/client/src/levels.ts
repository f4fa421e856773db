/** How loud everybody is: as the receivers were told (RFC 6464), else as they have measured. */

import type { Media } from "./media.ts";
import type { Participant } from "./participant.ts";
import type { Report } from "./stats.ts";

/** 0 to 1, of everybody who is heard; who is muted is silent. */
export async function levels(media: Media, local: Participant): Promise<Map<Participant, number>> {
  const result = new Map<Participant, number>();
  const untold = new Map<string, Participant>();
  for (const { consumer, track } of media.received) {
    if (track.publication.source !== "microphone") continue;
    const told = consumer.rtpReceiver?.getSynchronizationSources()[0]?.audioLevel;
    if (track.publication.muted) result.set(track.participant, 0);
    else if (told !== undefined) result.set(track.participant, told);
    else if (consumer.rtpParameters.mid) untold.set(consumer.rtpParameters.mid, track.participant);
  }
  if (untold.size > 0) {
    for (const report of await reports(media.transport("recv"))) {
      const participant = report.type === "inbound-rtp" ? untold.get(String(report["mid"])) : undefined;
      if (participant) result.set(participant, level(report));
    }
  }
  const own = media.sent.get("microphone");
  if (own) {
    const [source] = own.paused ? [] : (await reports(own.producer)).filter(({ type }) => type === "media-source");
    result.set(local, source ? level(source) : 0);
  }
  return result;
}

/** What a transport or a producer has measured; nothing once it is closed. */
export async function reports(measuring: { closed: boolean; getStats(): Promise<RTCStatsReport> } | undefined): Promise<Report[]> {
  if (!measuring || measuring.closed) return [];
  try {
    return [...(await measuring.getStats()).values()] as Report[];
  } catch {
    return [];
  }
}

function level(report: Report): number {
  return typeof report["audioLevel"] === "number" ? report["audioLevel"] : 0;
}

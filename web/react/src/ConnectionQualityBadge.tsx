import type { Participant, Quality } from "@hubbub/client";
import { useConnectionQuality } from "./useConnectionQuality.ts";
import { QUALITIES } from "./strings.ts";

const BARS: Record<Quality, number> = { unknown: 0, lost: 0, poor: 1, good: 2, excellent: 3 };

/** Connection quality as up to three bars. Renders nothing until the quality is known. */
export function ConnectionQualityBadge({ participant }: { participant: Participant }) {
  const quality = useConnectionQuality(participant);
  if (quality === "unknown") return null;
  return (
    <span className="hb-quality" data-quality={quality} role="img" aria-label={QUALITIES[quality]} title={QUALITIES[quality]}>
      {[1, 2, 3].map((bar) => (
        <i key={bar} data-full={bar <= BARS[quality] || undefined} />
      ))}
    </span>
  );
}

import { Icon } from "./icons.tsx";
import type { ModerationHandle } from "./useModeration.ts";

/** Raises and lowers the own hand. */
export function HandButton({ moderation }: { moderation: ModerationHandle }) {
  const { handRaised, decide } = moderation;
  return (
    <button
      type="button"
      className="hb-round"
      data-action="hand"
      data-look="active"
      aria-pressed={handRaised}
      aria-label="Raise hand"
      data-tip={handRaised ? "Lower your hand" : "Raise your hand"}
      onClick={() => void decide((room) => (handRaised ? room.lowerHand() : room.raiseHand()))}
    >
      <Icon name="hand" />
    </button>
  );
}

import { useState } from "react";

import { RemoteParticipant, type Call, type Participant } from "@hubbub/client";
import { Avatar } from "./Avatar.tsx";
import { ConnectionQualityBadge } from "./ConnectionQualityBadge.tsx";
import { Icon } from "./icons.tsx";
import { ParticipantActions } from "./ParticipantActions.tsx";
import { isMuted } from "./ParticipantVideo.tsx";
import { RoomModeration } from "./RoomModeration.tsx";
import { AUDIENCE, MODERATION } from "./strings.ts";
import { useAudience } from "./useAudience.ts";
import { useCallState } from "./useCallState.ts";
import type { ModerationHandle } from "./useModeration.ts";
import { useStore } from "./useStore.ts";

export interface ParticipantListProps {
  call: Call;
  /** Result of `useModeration`; without it the list has no controls for moderators. */
  moderation?: ModerationHandle;
}

/** All participants, including those without a tile, with the state of their devices, and how many watch. Raised hands come first. */
export function ParticipantList({ call, moderation }: ParticipantListProps) {
  const { local, participants } = useCallState(call);
  const audience = useAudience(call);
  const all = [...(local && !audience.watches ? [local] : []), ...participants].sort(byHand);
  return (
    <>
      {moderation?.isModerator && <RoomModeration moderation={moderation} />}
      <ul className="hb-people">
        {all.map((participant) => (
          <Row key={participant.id} participant={participant} moderation={moderation} />
        ))}
      </ul>
      {audience.count > 0 && <p className="hb-watching">{AUDIENCE.watching(audience.count)}</p>}
    </>
  );
}

/** Who raised the hand first comes first; the others keep their order. */
function byHand(one: Participant, other: Participant): number {
  return (one.handRaisedAt ?? Infinity) - (other.handRaisedAt ?? Infinity) || 0;
}

function Row({ participant, moderation }: { participant: Participant; moderation: ModerationHandle | undefined }) {
  useStore(participant);
  const [open, setOpen] = useState(false);
  const camera = participant.publications.get("camera");
  const off = camera?.muted ?? true;
  const muted = isMuted(participant);
  const label = participant.mutedByModerator.has("microphone") ? MODERATION.isMuted : muted ? "Microphone off" : "Microphone on";
  return (
    <>
      <li data-speaking={participant.speaking || undefined} data-person={participant.id}>
        <Avatar name={participant.name} />
        <span className="hb-people-name">
          {participant.name}
          {participant.isLocal && " (you)"}
        </span>
        {participant.handRaisedAt !== undefined && <State icon="hand" label={MODERATION.handRaised} />}
        <ConnectionQualityBadge participant={participant} />
        {participant.publications.has("screen") && <State icon="screen" label="Shares a screen" />}
        <State icon={muted ? "microphoneOff" : "microphone"} label={label} off={muted} />
        <State icon={off ? "cameraOff" : "camera"} label={off ? "Camera off" : "Camera on"} off={off} />
        {moderation?.isModerator && participant instanceof RemoteParticipant && (
          <button
            type="button"
            className="hb-round hb-small"
            data-action="moderate"
            aria-expanded={open}
            aria-label={MODERATION.actions(participant.name)}
            onClick={() => setOpen(!open)}
          >
            <Icon name="more" />
          </button>
        )}
      </li>
      {open && moderation?.isModerator && participant instanceof RemoteParticipant && (
        <li className="hb-people-actions">
          <ParticipantActions participant={participant} moderation={moderation} />
        </li>
      )}
    </>
  );
}

function State({ icon, label, off = false }: { icon: Parameters<typeof Icon>[0]["name"]; label: string; off?: boolean }) {
  return (
    <span className="hb-state" data-off={off || undefined} role="img" aria-label={label} title={label}>
      <Icon name={icon} />
    </span>
  );
}

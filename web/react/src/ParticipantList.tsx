import type { Call, Participant } from "@hubbub/client";
import { Avatar } from "./Avatar.tsx";
import { ConnectionQualityBadge } from "./ConnectionQualityBadge.tsx";
import { Icon } from "./icons.tsx";
import { isMuted } from "./ParticipantVideo.tsx";
import { useStore } from "./useStore.ts";
import { useCallState } from "./useCallState.ts";

/** All participants, including those without a tile, with the state of their devices. */
export function ParticipantList({ call }: { call: Call }) {
  const { local, participants } = useCallState(call);
  return (
    <ul className="hb-people">
      {local && <Row participant={local} />}
      {participants.map((participant) => (
        <Row key={participant.id} participant={participant} />
      ))}
    </ul>
  );
}

function Row({ participant }: { participant: Participant }) {
  useStore(participant);
  const camera = participant.publications.get("camera");
  const off = camera?.muted ?? true;
  const muted = isMuted(participant);
  return (
    <li data-speaking={participant.speaking || undefined}>
      <Avatar name={participant.name} />
      <span className="hb-people-name">
        {participant.name}
        {participant.isLocal && " (you)"}
      </span>
      <ConnectionQualityBadge participant={participant} />
      {participant.publications.has("screen") && <State icon="screen" label="Shares a screen" />}
      <State icon={muted ? "microphoneOff" : "microphone"} label={muted ? "Microphone off" : "Microphone on"} off={muted} />
      <State icon={off ? "cameraOff" : "camera"} label={off ? "Camera off" : "Camera on"} off={off} />
    </li>
  );
}

function State({ icon, label, off = false }: { icon: Parameters<typeof Icon>[0]["name"]; label: string; off?: boolean }) {
  return (
    <span className="hb-state" data-off={off || undefined} role="img" aria-label={label} title={label}>
      <Icon name={icon} />
    </span>
  );
}

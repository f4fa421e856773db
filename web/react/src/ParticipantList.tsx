import type { Call, Participant } from "@hubbub/client";
import { Avatar } from "./Avatar.tsx";
import { ConnectionQualityBadge } from "./ConnectionQualityBadge.tsx";
import { Icon } from "./icons.tsx";
import { isSilent } from "./ParticipantVideo.tsx";
import { useSubject } from "./subject.ts";
import { useCallState } from "./useCallState.ts";

/** Everybody in the call, those too for whom there is no tile. */
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
  useSubject(participant);
  const camera = participant.publications.get("camera");
  const off = camera?.muted ?? true;
  const silent = isSilent(participant);
  return (
    <li data-speaking={participant.speaking || undefined}>
      <Avatar name={participant.name} />
      <span className="hb-people-name">
        {participant.name}
        {participant.isLocal && " (you)"}
      </span>
      <ConnectionQualityBadge participant={participant} />
      {participant.publications.has("screen") && <State icon="screen" label="Shares a screen" />}
      <State icon={silent ? "microphoneOff" : "microphone"} label={silent ? "Microphone off" : "Microphone on"} off={silent} />
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

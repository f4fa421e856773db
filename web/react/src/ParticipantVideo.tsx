import { useEffect, useRef, useState, type ReactNode } from "react";

import type { Participant, Publication } from "@hubbub/client";
import { Avatar } from "./Avatar.tsx";
import { ConnectionQualityBadge } from "./ConnectionQualityBadge.tsx";
import { Icon } from "./icons.tsx";
import { INTERRUPTIONS, MODERATION } from "./strings.ts";
import { useStore } from "./useStore.ts";

export interface ParticipantVideoProps {
  participant: Participant;
  source?: "camera" | "screen";
  /** Show the whole picture instead of cropping it to the tile. Screens are never cropped. */
  contain?: boolean;
  /** Buttons in the corner of the tile, visible while it is hovered or focused. */
  actions?: ReactNode;
}

/** The tile of one participant: video or initials, name, microphone state, speaking state and quality. Plays no audio. */
export function ParticipantVideo({ participant, source = "camera", contain = false, actions }: ParticipantVideoProps) {
  useStore(participant);
  const video = participant.publications.get(source);
  const visible = video !== undefined && !video.muted;
  const muted = isMuted(participant);
  const screen = source === "screen";
  const name = participant.isLocal ? `${participant.name} (you)` : participant.name;
  return (
    <figure
      className="hb-tile"
      data-participant={participant.id}
      data-source={source}
      data-own={participant.isLocal || undefined}
      data-speaking={(!screen && participant.speaking) || undefined}
      data-camera={visible ? "on" : "off"}
      data-microphone={muted ? "off" : "on"}
      data-contain={contain || screen || undefined}
    >
      {!screen && <Avatar name={participant.name} />}
      <Picture publication={video} label={screen ? `Screen of ${participant.name}` : `Video of ${participant.name}`} hidden={!visible} />
      <Interruption participant={participant} video={video} screen={screen} />
      <figcaption>
        {!screen && participant.handRaisedAt !== undefined && <HandMark />}
        {screen ? <Icon name="screen" /> : muted && <MutedMark />}
        <span className="hb-name">{screen && participant.isLocal ? "Your screen" : name}</span>
        {screen && !participant.isLocal && <span className="hb-sr">shares a screen</span>}
        {!screen && participant.speaking && <span className="hb-sr">speaks</span>}
        {!screen && <ConnectionQualityBadge participant={participant} />}
      </figcaption>
      {actions && <div className="hb-tile-actions">{actions}</div>}
    </figure>
  );
}

/** Says why nothing of the participant arrives; the reason that explains most. */
function Interruption({ participant, video, screen }: { participant: Participant; video: Publication | undefined; screen: boolean }) {
  // All tracks of a participant come the same way.
  const received = video ?? (screen ? undefined : participant.publications.get("microphone"));
  useStore(received);
  if (participant.quality === "lost" && !screen) return <p className="hb-tile-lost">{INTERRUPTIONS.lost}</p>;
  if (received?.unreachable) return <p className="hb-tile-unreachable">{INTERRUPTIONS.unreachable}</p>;
  return video?.pausedByBandwidth && !video.muted && <p className="hb-tile-slow">{INTERRUPTIONS.slow}</p>;
}

/** Whether the participant's microphone is muted or not published. */
export function isMuted(participant: Participant): boolean {
  return participant.publications.get("microphone")?.muted ?? true;
}

function HandMark() {
  return (
    <span className="hb-hand" title={MODERATION.handRaised}>
      <Icon name="hand" />
      <span className="hb-sr">{MODERATION.handRaised}.</span>
    </span>
  );
}

function MutedMark() {
  return (
    <span className="hb-muted" title="Microphone off">
      <Icon name="microphoneOff" />
      <span className="hb-sr">Microphone off.</span>
    </span>
  );
}

function Picture({ publication, label, hidden }: { publication: Publication | undefined; label: string; hidden: boolean }) {
  const video = useRef<HTMLVideoElement>(null);
  const [moving, setMoving] = useState(false);
  useEffect(() => {
    if (!video.current || !publication) return undefined;
    setMoving(false);
    return publication.attach(video.current);
  }, [publication]);
  // CallAudio plays the audio, so that it does not depend on which tiles are shown.
  return <video ref={video} autoPlay playsInline muted aria-label={label} hidden={hidden} data-moving={moving || undefined} onPlaying={() => setMoving(true)} />;
}

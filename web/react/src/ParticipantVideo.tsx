import { useEffect, useRef, useState, type ReactNode } from "react";

import type { Participant, Publication, Source } from "@hubbub/client";
import { Avatar } from "./Avatar.tsx";
import { ConnectionQualityBadge } from "./ConnectionQualityBadge.tsx";
import { Icon } from "./icons.tsx";
import { useSubject } from "./subject.ts";

export interface ParticipantVideoProps {
  participant: Participant;
  source?: "camera" | "screen";
  /** Whole, with bars at the sides, instead of cropped to fill the tile. A screen always is. */
  contain?: boolean;
  /** Buttons in the tile's corner; shown while the tile is pointed at or has the focus. */
  actions?: ReactNode;
}

/** One person's tile: the picture, or initials; the name; muted or not; speaking or not; quality. Without sound. */
export function ParticipantVideo({ participant, source = "camera", contain = false, actions }: ParticipantVideoProps) {
  useSubject(participant);
  const video = participant.publications.get(source);
  const pictured = video !== undefined && !video.muted;
  const silent = isSilent(participant);
  const screen = source === "screen";
  const name = participant.isLocal ? `${participant.name} (you)` : participant.name;
  return (
    <figure
      className="hb-tile"
      data-participant={participant.id}
      data-source={source}
      data-own={participant.isLocal || undefined}
      data-speaking={(!screen && participant.speaking) || undefined}
      data-camera={pictured ? "on" : "off"}
      data-microphone={silent ? "off" : "on"}
      data-contain={contain || screen || undefined}
    >
      {!screen && <Avatar name={participant.name} />}
      <Picture publication={video} label={screen ? `Screen of ${participant.name}` : `Video of ${participant.name}`} hidden={!pictured} />
      {participant.quality === "lost" && !screen && <p className="hb-tile-lost">Connection lost. Waiting…</p>}
      <figcaption>
        {screen ? <Icon name="screen" /> : silent && <MutedMark />}
        <span className="hb-name">{screen && participant.isLocal ? "Your screen" : name}</span>
        {screen && !participant.isLocal && <span className="hb-sr">shares a screen</span>}
        {!screen && participant.speaking && <span className="hb-sr">speaks</span>}
        {!screen && <ConnectionQualityBadge participant={participant} />}
      </figcaption>
      {actions && <div className="hb-tile-actions">{actions}</div>}
    </figure>
  );
}

/** Whether nobody hears them: without a microphone, or with a muted one. */
export function isSilent(participant: Participant): boolean {
  return participant.publications.get("microphone")?.muted ?? true;
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
  // Sound is played apart (`CallAudio`), so that it does not depend on which tiles are shown.
  return <video ref={video} autoPlay playsInline muted aria-label={label} hidden={hidden} data-moving={moving || undefined} onPlaying={() => setMoving(true)} />;
}

/** The sources that are pictures. */
export const PICTURES: readonly Source[] = ["camera", "screen"];

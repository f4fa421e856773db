import { useCallback, useEffect, useRef, useState } from "react";

import type { Call, Participant, Publication } from "@hubbub/client";
import { Icon } from "./icons.tsx";
import { useStore } from "./useStore.ts";
import { useCallState } from "./useCallState.ts";

const AUDIO_SOURCES = ["microphone", "screen-audio"] as const;

/**
 * Plays the audio of all remote participants. If the browser blocks autoplay, shows a button that starts it.
 *
 * @param speaker - Device id of the loudspeaker; the default device when undefined.
 */
export function CallAudio({ call, speaker }: { call: Call; speaker?: string | undefined }) {
  const { participants } = useCallState(call);
  const [blocked, setBlocked] = useState(0);
  const [attempt, setAttempt] = useState(0);
  const onBlocked = useCallback(() => setBlocked((count) => count + 1), []);
  return (
    <>
      {participants.map((participant) => (
        <ParticipantAudio key={participant.id} participant={participant} speaker={speaker} attempt={attempt} onBlocked={onBlocked} />
      ))}
      {blocked > 0 && (
        <button
          type="button"
          className="hb-button hb-sound"
          onClick={() => {
            setBlocked(0);
            setAttempt((count) => count + 1);
          }}
        >
          <Icon name="sound" /> Turn the sound on
        </button>
      )}
    </>
  );
}

interface PlaybackProps {
  speaker: string | undefined;
  /** Grows with every click on the button; each click plays again. */
  attempt: number;
  onBlocked(): void;
}

function ParticipantAudio({ participant, ...playback }: PlaybackProps & { participant: Participant }) {
  useStore(participant);
  return AUDIO_SOURCES.map((source) => {
    const publication = participant.publications.get(source);
    return publication && <PublicationAudio key={source} publication={publication} {...playback} />;
  });
}

function PublicationAudio({ publication, speaker, attempt, onBlocked }: PlaybackProps & { publication: Publication }) {
  const audio = useRef<HTMLAudioElement>(null);
  useEffect(() => (audio.current ? publication.attach(audio.current) : undefined), [publication]);
  useEffect(() => {
    // Only NotAllowedError is a blocked autoplay. Replacing the track rejects with AbortError.
    audio.current?.play()?.catch((error: unknown) => {
      if (error instanceof DOMException && error.name === "NotAllowedError") onBlocked();
    });
  }, [publication, attempt, onBlocked]);
  useEffect(() => {
    if (speaker !== undefined && audio.current && "setSinkId" in audio.current) audio.current.setSinkId(speaker).catch(() => undefined);
  }, [speaker]);
  return <audio ref={audio} autoPlay />;
}

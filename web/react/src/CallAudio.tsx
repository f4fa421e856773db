import { useCallback, useEffect, useRef, useState } from "react";

import type { Call, Participant, Publication } from "@hubbub/client";
import { Icon } from "./icons.tsx";
import { useSubject } from "./subject.ts";
import { useCallState } from "./useCallState.ts";

const SOUNDS = ["microphone", "screen-audio"] as const;

/** The sound of everybody else. Where the browser refuses to play it unasked, a button asks. */
export function CallAudio({ call, speaker }: { call: Call; speaker?: string | undefined }) {
  const { participants } = useCallState(call);
  const [refused, setRefused] = useState(0);
  const [attempt, setAttempt] = useState(0);
  const onRefused = useCallback(() => setRefused((count) => count + 1), []);
  return (
    <>
      {participants.map((participant) => (
        <Sounds key={participant.id} participant={participant} speaker={speaker} attempt={attempt} onRefused={onRefused} />
      ))}
      {refused > 0 && (
        <button
          type="button"
          className="hb-button hb-sound"
          onClick={() => {
            setRefused(0);
            setAttempt((count) => count + 1);
          }}
        >
          <Icon name="sound" /> Turn the sound on
        </button>
      )}
    </>
  );
}

interface Playing {
  speaker: string | undefined;
  /** Grows when the person asked for sound: then it is played anew. */
  attempt: number;
  onRefused(): void;
}

function Sounds({ participant, ...playing }: Playing & { participant: Participant }) {
  useSubject(participant);
  return SOUNDS.map((source) => {
    const publication = participant.publications.get(source);
    return publication && <Sound key={source} publication={publication} {...playing} />;
  });
}

function Sound({ publication, speaker, attempt, onRefused }: Playing & { publication: Publication }) {
  const audio = useRef<HTMLAudioElement>(null);
  useEffect(() => (audio.current ? publication.attach(audio.current) : undefined), [publication]);
  useEffect(() => {
    // Rejects with AbortError, too, when the track is replaced: that is no refusal.
    audio.current?.play()?.catch((error: unknown) => {
      if (error instanceof DOMException && error.name === "NotAllowedError") onRefused();
    });
  }, [publication, attempt, onRefused]);
  useEffect(() => {
    if (speaker !== undefined && audio.current && "setSinkId" in audio.current) audio.current.setSinkId(speaker).catch(() => undefined);
  }, [speaker]);
  return <audio ref={audio} autoPlay />;
}

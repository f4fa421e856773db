import { useCallback, useEffect, useMemo, useState } from "react";

import type { Manifest, Transcript, TranscriptLine } from "@hubbub/client";
import { Avatar } from "./Avatar.tsx";
import { CaptionsOverlay } from "./CaptionsOverlay.tsx";
import { Icon } from "./icons.tsx";
import { Playback } from "./playback.ts";
import { clock, isAt, screens, seats, spans, type Span } from "./recordingTimeline.ts";
import { useStore } from "./useStore.ts";

export interface RecordingPlayerProps {
  /** The recording, as `RecordingsApi.get` returns it. */
  manifest: Manifest;
  /** Returns the address of a file, as from `RecordingsApi.addresses`. */
  address(file: string): string;
}

/** How long a line stays after its end. */
const LINE_STAYS_MS = 1_500;
const SKIP_S = 10;

/** Plays all tracks of a recording together: a picture for each person, shared screens large, with captions if there are any. */
export function RecordingPlayer({ manifest, address }: RecordingPlayerProps) {
  const all = useMemo(() => spans(manifest), [manifest]);
  const playback = useMemo(() => new Playback(all), [all]);
  useEffect(() => () => playback.close(), [playback]);
  useStore(playback);
  const { time, playing } = playback;
  const [captions, setCaptions] = useState(true);
  const lines = useTranscript(manifest.captions === undefined ? undefined : address("captions.json"), manifest.recording.startedAt);
  const people = seats(all, time);
  const shared = screens(all, time);

  if (playback.duration === 0) return <p className="hb-player-empty">Nothing was recorded.</p>;
  const toggle = () => (playing ? playback.pause() : playback.play());
  return (
    <section
      className="hb-player"
      aria-label="Recording"
      onKeyDown={(event) => {
        if (event.target !== event.currentTarget) return; // the keys of buttons and of the slider are theirs
        const act = { " ": toggle, k: toggle, ArrowLeft: () => playback.seek(time - SKIP_S), ArrowRight: () => playback.seek(time + SKIP_S) }[event.key];
        if (!act) return;
        event.preventDefault();
        act();
      }}
      tabIndex={0}
    >
      <div className="hb-player-stage" data-screens={shared.length} style={{ "--hb-columns": columns(people.length) } as React.CSSProperties}>
        {all.map((span) => (
          <Media key={span.track.file} span={span} playback={playback} source={address(span.track.file)} shown={isAt(span, time)} />
        ))}
        {people
          .filter(({ camera }) => camera === undefined)
          .map(({ peerId, name }) => (
            <figure key={peerId} className="hb-player-seat">
              <Avatar name={name} />
              <figcaption>
                <bdi>{name}</bdi>
              </figcaption>
            </figure>
          ))}
        {people.length + shared.length === 0 && <p className="hb-player-empty">Nobody is here at this moment.</p>}
      </div>
      {captions && lines !== undefined && <CaptionsOverlay lines={linesAt(lines, time * 1000)} limited={false} />}
      <div className="hb-player-bar">
        <button type="button" className="hb-round" data-action="play" aria-label={playing ? "Pause" : "Play"} onClick={toggle}>
          <Icon name={playing ? "pause" : "play"} />
        </button>
        <span className="hb-player-time">
          {clock(time)} / {clock(playback.duration)}
        </span>
        <input
          type="range"
          aria-label="Position"
          aria-valuetext={clock(time)}
          min={0}
          max={playback.duration}
          step={0.1}
          value={time}
          onChange={(event) => playback.seek(Number(event.target.value))}
        />
        {lines !== undefined && (
          <button type="button" className="hb-round" data-action="captions" aria-pressed={captions} aria-label="Captions" onClick={() => setCaptions(!captions)}>
            <Icon name="captions" />
          </button>
        )}
      </div>
    </section>
  );
}

/** The element of one file. It exists all the time, so that it has loaded when its turn comes. */
function Media({ span, playback, source, shown }: { span: Span; playback: Playback; source: string; shown: boolean }) {
  const { file, kind, displayName, source: what } = span.track;
  const attach = useCallback((element: HTMLMediaElement | null) => playback.attach(file, element), [playback, file]);
  if (kind === "audio") return <audio ref={attach} src={source} preload="auto" data-start={span.start} />;
  return (
    <figure className="hb-player-seat" data-screen={what === "screen"} hidden={!shown}>
      <video ref={attach} src={source} preload="auto" data-start={span.start} muted playsInline />
      <figcaption>
        <bdi>{what === "screen" ? `${displayName}: screen` : displayName}</bdi>
      </figcaption>
    </figure>
  );
}

/** Columns of a grid that is about as wide as high. */
function columns(count: number): number {
  return Math.max(1, Math.ceil(Math.sqrt(count)));
}

/** One line with times in milliseconds since the start of the recording. */
interface TimedLine {
  id: string;
  line: TranscriptLine;
  start: number;
  end: number;
}

/** Loads the transcript; `undefined` without one, and while it loads. */
function useTranscript(address: string | undefined, startedAt: number): readonly TimedLine[] | undefined {
  const [lines, setLines] = useState<readonly TimedLine[]>();
  useEffect(() => {
    if (address === undefined) return;
    const abort = new AbortController();
    fetch(address, { signal: abort.signal })
      .then((response) => (response.ok ? (response.json() as Promise<Transcript>) : Promise.reject(new Error(response.statusText))))
      .then(({ lines: said = [] }) =>
        setLines(said.map((line, index) => ({ id: String(index), line, start: line.start - startedAt, end: line.end - startedAt }))),
      )
      .catch(() => undefined); // a recording plays without its captions
    return () => abort.abort();
  }, [address, startedAt]);
  return lines;
}

function linesAt(lines: readonly TimedLine[], time: number) {
  return lines
    .filter(({ start, end }) => start <= time && time < end + LINE_STAYS_MS)
    .slice(-3)
    .map(({ id, line }) => ({ id, name: line.name, text: line.text, final: true }));
}

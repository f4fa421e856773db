import { useEffect, useState } from "react";

import type { CallError, Manifest, RecordingsApi } from "@hubbub/client";
import { RecordingPlayer } from "@hubbub/react";
import { Compositions, isPending } from "./Compositions.tsx";
import { length, people, size, state, when } from "./strings.ts";
import { useProblem } from "./useProblem.ts";

export interface RecordingViewProps {
  api: RecordingsApi;
  recordingId: string;
  onError(error: CallError): void;
  onBack(): void;
}

/** Seconds between two looks at a recording that is not finished. */
const POLL_S = 2;

/** One recording: player, files to download, and its end. */
export function RecordingView({ api, recordingId, onError, onBack }: RecordingViewProps) {
  const [manifest, setManifest] = useState<Manifest>();
  const [address, setAddress] = useState<(file: string) => string>();
  const [problem, failed] = useProblem(onError);
  const [confirming, setConfirming] = useState(false);
  /** Grows when the recording is to be looked at again. */
  const [asked, setAsked] = useState(0);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let closed = false;
    const load = async () => {
      const found = await api.get(recordingId);
      if (closed) return;
      setManifest(found);
      const { state: current, compositions = [] } = found.recording;
      if (current !== "finished" || compositions.some(isPending)) timer = setTimeout(() => void load().catch(failed), POLL_S * 1000);
    };
    void load().catch(failed);
    return () => {
      closed = true;
      clearTimeout(timer);
    };
  }, [api, recordingId, failed, asked]);
  const finished = manifest?.recording.state === "finished";
  useEffect(() => {
    if (finished) void api.addresses(recordingId).then((of) => setAddress(() => of), failed);
  }, [api, recordingId, failed, finished]);

  const recording = manifest?.recording;
  return (
    <>
      <p>
        <button type="button" className="hb-button" data-action="back" onClick={onBack}>
          All recordings
        </button>
      </p>
      {problem && (
        <p className="hb-banner" role="alert">
          {problem.message}
        </p>
      )}
      {recording && (
        <>
          <h1>
            <bdi>{recording.callId}</bdi>
          </h1>
          <p className="recordings-quiet">{[when(recording.startedAt), length(recording), people(manifest), state(recording)].filter(Boolean).join(" · ")}</p>
        </>
      )}
      {recording && recording.state !== "finished" && (
        <button type="button" className="hb-button" data-action="stop" disabled={recording.state !== "recording"} onClick={() => void api.stop(recordingId).catch(failed)}>
          Stop recording
        </button>
      )}
      {manifest && address && (
        <>
          <div className="recordings-player">
            <RecordingPlayer manifest={manifest} address={address} />
          </div>
          <Compositions
            api={api}
            recordingId={recordingId}
            compositions={manifest.recording.compositions ?? []}
            onError={failed}
            onChange={() => setAsked(asked + 1)}
          />
          <details>
            <summary>Files</summary>
            <ul className="recordings-files">
              {files(manifest).map(({ file, label }) => (
                <li key={file}>
                  <a href={address(file)} download={file}>
                    {file}
                  </a>{" "}
                  <span className="recordings-quiet">{label}</span>
                </li>
              ))}
            </ul>
          </details>
          {confirming ? (
            <p role="alert" className="recordings-confirm">
              Delete this recording for everybody?{" "}
              <button type="button" className="hb-button" data-action="delete-now" onClick={() => void api.delete(recordingId).then(onBack, failed)}>
                Delete
              </button>{" "}
              <button type="button" className="hb-button" onClick={() => setConfirming(false)}>
                Keep
              </button>
            </p>
          ) : (
            <button type="button" className="hb-button" data-action="delete" onClick={() => setConfirming(true)}>
              Delete …
            </button>
          )}
        </>
      )}
    </>
  );
}

function files({ recording, tracks = [], captions }: Manifest): { file: string; label: string }[] {
  return [
    ...(recording.compositions ?? []).flatMap(({ file, bytes = 0 }) => (file === undefined ? [] : [{ file, label: `everybody, ${size(bytes)}` }])),
    ...tracks.map(({ file, displayName, source, bytes }) => ({ file, label: `${displayName}, ${source}${bytes === undefined ? "" : `, ${size(bytes)}`}` })),
    ...(captions === undefined ? [] : [{ file: captions, label: "what was said" }]),
  ];
}

import { useEffect, useRef, useState } from "react";

import type { RecordingInfo, RecordingsApi } from "@hubbub/client";

/** Seconds into the file: the first frames of a camera are often dark. */
const MOMENT = 2;

/** A picture of a recording: of the shared screen or of the first camera. It is loaded when it comes into view. */
export function Poster({ api, recording }: { api: RecordingsApi; recording: RecordingInfo }) {
  const frame = useRef<HTMLSpanElement>(null);
  const [source, setSource] = useState<string>();
  const { recordingId, audioOnly, state } = recording;
  useEffect(() => {
    const element = frame.current;
    if (!element || audioOnly || state !== "finished") return;
    const observer = new IntersectionObserver(([entry]) => {
      if (!entry?.isIntersecting) return;
      observer.disconnect();
      picture(api, recordingId).then(setSource, () => undefined); // a recording without a picture is listed all the same
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [api, recordingId, audioOnly, state]);
  return (
    <span ref={frame} className="recordings-poster" aria-hidden="true">
      {source && <video src={source} preload="metadata" muted playsInline tabIndex={-1} />}
    </span>
  );
}

async function picture(api: RecordingsApi, recordingId: string): Promise<string | undefined> {
  const { tracks = [] } = await api.get(recordingId);
  const videos = tracks.filter(({ kind }) => kind === "video");
  const chosen = videos.find(({ source }) => source === "screen") ?? videos[0];
  if (!chosen) return undefined;
  const address = await api.addresses(recordingId);
  return `${address(chosen.file)}#t=${Math.min(MOMENT, (chosen.duration ?? 0) / 2000)}`;
}

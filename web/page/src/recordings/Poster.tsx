import { useEffect, useRef, useState } from "react";

import type { RecordingInfo, RecordingsApi } from "@hubbub/client";

/** Seconds into the file: the first frames of a camera are often dark. */
const MOMENT = 2;

interface Picture {
  address: string;
  /** Whether it is a video, of which one frame is shown. */
  moves: boolean;
}

/**
 * A picture of a recording: that of a composition, else a frame of the shared screen or of the first camera. It is loaded when
 * it comes into view.
 */
export function Poster({ api, recording }: { api: RecordingsApi; recording: RecordingInfo }) {
  const frame = useRef<HTMLSpanElement>(null);
  const [picture, setPicture] = useState<Picture>();
  const { audioOnly, state } = recording;
  useEffect(() => {
    const element = frame.current;
    if (!element || audioOnly || state !== "finished") return;
    const observer = new IntersectionObserver(([entry]) => {
      if (!entry?.isIntersecting) return;
      observer.disconnect();
      pictureOf(api, recording).then(setPicture, () => undefined); // a recording without a picture is listed all the same
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [api, recording, audioOnly, state]);
  return (
    <span ref={frame} className="recordings-poster" aria-hidden="true">
      {picture?.moves && <video src={picture.address} preload="metadata" muted playsInline tabIndex={-1} />}
      {picture?.moves === false && <img src={picture.address} alt="" />}
    </span>
  );
}

async function pictureOf(api: RecordingsApi, { recordingId, compositions = [] }: RecordingInfo): Promise<Picture | undefined> {
  const poster = compositions.find((one) => one.poster !== undefined)?.poster;
  if (poster !== undefined) return { address: (await api.addresses(recordingId))(poster), moves: false };
  const { tracks = [] } = await api.get(recordingId);
  const videos = tracks.filter(({ kind }) => kind === "video");
  const chosen = videos.find(({ source }) => source === "screen") ?? videos[0];
  if (!chosen) return undefined;
  const address = (await api.addresses(recordingId))(chosen.file);
  return { address: `${address}#t=${Math.min(MOMENT, (chosen.duration ?? 0) / 2000)}`, moves: true };
}

import { useCallback, useEffect, useState } from "react";

import type { CallError, RecordingInfo, RecordingsApi } from "@hubbub/client";
import { recordingsUrl } from "../address.ts";
import { Poster } from "./Poster.tsx";
import { length, state, when } from "./strings.ts";
import { useProblem } from "./useProblem.ts";

export interface RecordingListProps {
  api: RecordingsApi;
  /** Only recordings of this room; all when empty. */
  room: string;
  onError(error: CallError): void;
  onRecording(recordingId: string): void;
}

/** The recordings, the newest first, page by page. */
export function RecordingList({ api, room, onError, onRecording }: RecordingListProps) {
  const [recordings, setRecordings] = useState<readonly RecordingInfo[]>();
  const [next, setNext] = useState<number>();
  const [problem, failed] = useProblem(onError);
  const load = useCallback(
    async (before?: number) => {
      const page = await api.list({ callId: room || undefined, before });
      setRecordings((known = []) => (before === undefined ? page.recordings : [...known, ...page.recordings]));
      setNext(page.next);
    },
    [api, room],
  );
  useEffect(() => void load().catch(failed), [load, failed]);

  return (
    <>
      <h1>{room ? `Recordings of ${room}` : "Recordings"}</h1>
      {problem && (
        <p className="hb-banner" role="alert">
          {problem.message}
        </p>
      )}
      {recordings?.length === 0 && <p className="recordings-quiet">Nothing was recorded yet. In a call, press Record.</p>}
      <ul className="recordings-list">
        {recordings?.map((one) => (
          <li key={one.recordingId}>
            <a
              href={recordingsUrl(room, one.recordingId)}
              onClick={(event) => {
                if (event.metaKey || event.ctrlKey) return;
                event.preventDefault();
                onRecording(one.recordingId);
              }}
            >
              <Poster api={api} recording={one} />
              <strong>
                <bdi>{one.callId}</bdi>
              </strong>
              <span className="recordings-quiet">
                {[when(one.startedAt), length(one), state(one)].filter(Boolean).join(" · ")}
              </span>
            </a>
          </li>
        ))}
      </ul>
      {next !== undefined && (
        <button type="button" className="hb-button" data-action="more" onClick={() => void load(next).catch(failed)}>
          Show more
        </button>
      )}
    </>
  );
}

import { useCallback, useEffect, useMemo, useState, type ReactNode } from "react";

import { CallError, RecordingsApi } from "@hubbub/client";
import { basePath } from "../address.ts";
import { Brand } from "../Brand.tsx";
import { AccessForm } from "./AccessForm.tsx";
import { RecordingList } from "./RecordingList.tsx";
import { RecordingView } from "./RecordingView.tsx";
import "./recordings.css";

export interface RecordingsPageProps {
  /** Only recordings of this room; all when empty. */
  room: string;
  /** The recording to show; the list when empty. */
  recording: string;
  /** The access token of the address; empty without one. */
  token: string;
  footer: ReactNode;
  onHome(): void;
  /** Shows a recording; the list when empty. */
  onRecording(recordingId: string): void;
}

/** Lists what was recorded, and plays it. */
export function RecordingsPage({ room, recording, token, footer, onHome, onRecording }: RecordingsPageProps) {
  const [credential, setCredential] = useState(token);
  /** Why the last request was refused for want of a credential. */
  const [refused, setRefused] = useState<CallError>();
  const api = useMemo(
    () => new RecordingsApi({ path: basePath(location.href), token: credential ? () => Promise.resolve(credential) : undefined }),
    [credential],
  );
  const onError = useCallback((error: CallError) => {
    if (error.code === "unauthenticated" || error.code === "not_allowed") setRefused(error);
  }, []);
  useEffect(() => {
    document.title = "Recordings – Hubbub";
  }, []);
  return (
    <div className="hb recordings">
      <header>
        <Brand onHome={onHome} />
        {footer}
      </header>
      <main>
        {refused ? (
          <AccessForm
            refused={refused}
            onCredential={(next) => {
              setCredential(next);
              setRefused(undefined);
            }}
          />
        ) : recording ? (
          <RecordingView key={recording} api={api} recordingId={recording} onError={onError} onBack={() => onRecording("")} />
        ) : (
          <RecordingList api={api} room={room} onError={onError} onRecording={onRecording} />
        )}
      </main>
    </div>
  );
}

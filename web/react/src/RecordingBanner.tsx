import type { RecordingHandle } from "./useRecording.ts";

/** Says that the call is being recorded, with a button that stops it; nothing while it is not. */
export function RecordingBanner({ recording }: { recording: RecordingHandle }) {
  if (recording.running.length === 0) return null;
  return (
    <p className="hb-banner" data-kind="recording" role="status">
      This call is being recorded
      <button type="button" className="hb-button" onClick={() => void recording.stop()}>
        Stop recording
      </button>
    </p>
  );
}

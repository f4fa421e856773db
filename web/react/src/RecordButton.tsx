import { Icon } from "./icons.tsx";
import type { RecordingHandle } from "./useRecording.ts";

/** Starts and stops the recording of the room. */
export function RecordButton({ recording }: { recording: RecordingHandle }) {
  const on = recording.running.length > 0;
  return (
    <button
      type="button"
      className="hb-round hb-wide-only"
      data-action="record"
      data-look="active"
      aria-pressed={on}
      aria-label="Record"
      aria-busy={recording.busy}
      data-tip={on ? "Stop recording" : "Record this call"}
      onClick={() => !recording.busy && void (on ? recording.stop() : recording.start())}
    >
      <Icon name="record" />
    </button>
  );
}

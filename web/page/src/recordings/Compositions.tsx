import { useState } from "react";

import { CallError, type Composition, type ComposeRecordingBody, type RecordingsApi } from "@hubbub/client";

export interface CompositionsProps {
  api: RecordingsApi;
  recordingId: string;
  compositions: readonly Composition[];
  onError(error: CallError): void;
  /** Called when one was asked for. */
  onChange(): void;
}

const CHOICES: readonly { label: string; options: ComposeRecordingBody }[] = [
  { label: "Everybody of one size", options: { layout: "grid" } },
  { label: "Who speaks is large", options: { layout: "speaker" } },
  { label: "Sound only", options: { audioOnly: true } },
];

/** Asks for one file of everybody, and shows how far the recorder is. Finished ones are among the files. */
export function Compositions({ api, recordingId, compositions, onError, onChange }: CompositionsProps) {
  const [choice, setChoice] = useState(0);
  const ask = () => api.compose(recordingId, CHOICES[choice]?.options).then(onChange, (error: unknown) => onError(CallError.of(error)));
  return (
    <div className="recordings-compose">
      <label htmlFor="composition">One file of everybody</label>
      <select id="composition" value={choice} onChange={(event) => setChoice(Number(event.target.value))}>
        {CHOICES.map(({ label }, index) => (
          <option key={label} value={index}>
            {label}
          </option>
        ))}
      </select>
      <button type="button" className="hb-button" data-action="compose" onClick={() => void ask()}>
        Make
      </button>
      {compositions.filter(isPending).map(({ compositionId, progress = 0, state }) => (
        <progress key={compositionId} aria-label={state === "queued" ? "Waits for a recorder" : "Being made"} value={progress} />
      ))}
      {compositions.some(({ state }) => state === "failed") && <span role="alert">A file could not be made.</span>}
    </div>
  );
}

/** Whether the recorder still has something to do for it. */
export function isPending({ state }: Composition): boolean {
  return state === "queued" || state === "running";
}

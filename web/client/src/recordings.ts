/**
 * The recordings of the room that are running.
 *
 * - A recording belongs to the room: everybody in it is told, also who joins later.
 */

import { Emitter } from "./emitter.ts";
import type { RecordingInfo, RunningRecording } from "./generated/messages.ts";
import type { Signaling } from "./signaling.ts";

export interface RecordingsEvents {
  /** A recording has started or stopped. */
  running(running: readonly RunningRecording[]): void;
}

export class Recordings extends Emitter<RecordingsEvents> {
  readonly #signaling: Signaling;
  #running: readonly RunningRecording[] = [];

  /** @internal */
  constructor(signaling: Signaling) {
    super();
    this.#signaling = signaling;
    signaling.on("recordingStarted", ({ recording }) => this.setRunning([...this.#others(recording.recordingId), recording]));
    signaling.on("recordingStopped", ({ recordingId }) => this.setRunning(this.#others(recordingId)));
  }

  /** In the order in which this client heard of them. Every change creates a new array. */
  get running(): readonly RunningRecording[] {
    return this.#running;
  }

  /**
   * Records the room, or returns the recording that runs.
   *
   * @throws CallError `not_allowed` if this client may not record here, `unavailable` without a recorder.
   */
  async start(options: { audioOnly?: boolean } = {}): Promise<RecordingInfo> {
    return this.#signaling.request("startRecording", { audioOnly: options.audioOnly ?? false });
  }

  /**
   * Stops a recording of the room, whoever started it.
   *
   * @throws CallError `not_found`, `not_allowed`.
   */
  async stop(recordingId: string): Promise<void> {
    await this.#signaling.request("stopRecording", { recordingId });
  }

  /** @internal */
  setRunning(running: readonly RunningRecording[]): void {
    if (ids(running) === ids(this.#running)) return;
    this.#running = running;
    this.emit("running", running);
    this.notify();
  }

  #others(recordingId: string): RunningRecording[] {
    return this.#running.filter((one) => one.recordingId !== recordingId);
  }
}

function ids(recordings: readonly RunningRecording[]): string {
  return recordings.map((one) => one.recordingId).join(" ");
}

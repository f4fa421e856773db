/** How the page says when, how long and in which state a recording is. */

import type { Manifest, RecordingInfo } from "@hubbub/client";
import { clock } from "@hubbub/react";

/** Date and time in the reader's language and time zone. @param milliseconds - Unix milliseconds. */
export function when(milliseconds: number): string {
  return new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" }).format(milliseconds);
}

/** The length of a recording that has stopped; empty otherwise. */
export function length({ startedAt, stoppedAt }: RecordingInfo): string {
  return stoppedAt === undefined ? "" : clock((stoppedAt - startedAt) / 1000);
}

const STATES: Record<RecordingInfo["state"], string> = {
  recording: "being recorded",
  processing: "being completed",
  finished: "",
  other: "",
};

/** What is unusual about a recording; empty if nothing is. */
export function state({ state: current, stopReason }: RecordingInfo): string {
  if (stopReason === "disk_full") return "stopped: the recorder's disk was full";
  if (stopReason === "failed") return "stopped: it could not be written";
  return STATES[current];
}

/** The names of those who were recorded. */
export function people({ tracks = [] }: Manifest): string {
  return [...new Set(tracks.map(({ displayName }) => displayName))].join(", ");
}

const UNITS = ["bytes", "kB", "MB", "GB", "TB"] as const;

/** A number of bytes with two digits and a decimal unit. */
export function size(bytes: number): string {
  const power = bytes < 1000 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1000 ** power;
  return `${power === 0 || value >= 10 ? Math.round(value) : value.toFixed(1)} ${UNITS[power] ?? "bytes"}`;
}

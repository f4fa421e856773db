/** Where the files of a recording are on its time line. Pure functions; times are seconds since its start. */

import type { Manifest, RecordedTrack } from "@hubbub/client";

/** A file on the time line. A file that is still written has no duration and ends with the time line. */
export interface Span {
  track: RecordedTrack;
  start: number;
  end: number;
}

/** Returns the files that can be played, in the order of their starts. */
export function spans({ tracks = [], recording }: Manifest): Span[] {
  const whole = recording.stoppedAt === undefined ? Infinity : (recording.stoppedAt - recording.startedAt) / 1000;
  return tracks
    .map((track) => {
      const start = track.start / 1000;
      return { track, start, end: track.duration === undefined ? whole : start + track.duration / 1000 };
    })
    .filter(({ start, end }) => end > start && Number.isFinite(end))
    .sort((a, b) => a.start - b.start);
}

/** Returns the end of the last file; 0 without any. */
export function duration(all: readonly Span[]): number {
  return Math.max(0, ...all.map(({ end }) => end));
}

/** Returns whether the file has something to play at this time. */
export function isAt({ start, end }: Span, time: number): boolean {
  return start <= time && time < end;
}

/** One person at one time: the picture, if there is one, and the name. */
export interface Seat {
  peerId: string;
  name: string;
  camera: Span | undefined;
}

/** Returns who is in the recording at this time, in the order of their first files. */
export function seats(all: readonly Span[], time: number): Seat[] {
  const found = new Map<string, Seat>();
  for (const span of all) {
    const { peerId, displayName, source } = span.track;
    if (!isAt(span, time) || source === "screen" || source === "screen-audio") continue;
    const seat = found.get(peerId) ?? { peerId, name: displayName, camera: undefined };
    found.set(peerId, span.track.kind === "video" ? { ...seat, camera: span } : seat);
  }
  return [...found.values()];
}

/** Returns the shared screens at this time. */
export function screens(all: readonly Span[], time: number): Span[] {
  return all.filter((span) => span.track.source === "screen" && isAt(span, time));
}

/** Returns `h:mm:ss`, or `m:ss` below one hour. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const tail = String(rest).padStart(2, "0");
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, "0")}:${tail}` : `${minutes}:${tail}`;
}

/** The tiles of a call and which of them is large. */

import type { LocalParticipant, Participant, RemoteParticipant } from "@hubbub/client";

export interface Tile {
  /** `<participant id>/<source>`. */
  key: string;
  participant: Participant;
  source: "camera" | "screen";
}

/**
 * - `grid`: all tiles have the same size.
 * - `speaker`: a shared screen or, without one, the active speaker is large.
 * - `auto`: a shared screen is large; without one, all tiles have the same size.
 *
 * A pinned tile is large in every layout.
 */
export type Layout = "auto" | "grid" | "speaker";

/**
 * Returns a tile for each remote screen and for each participant, the local one last. The local screen has no tile: it would
 * contain itself. Nor has who only watches.
 */
export function tilesOf(local: LocalParticipant | undefined, participants: readonly RemoteParticipant[]): Tile[] {
  const screens = participants.filter((participant) => participant.publications.has("screen"));
  return [
    ...screens.map((participant) => tile(participant, "screen")),
    ...participants.map((participant) => tile(participant, "camera")),
    ...(local && !local.watches ? [tile(local, "camera")] : []),
  ];
}

export function tile(participant: Participant, source: Tile["source"]): Tile {
  return { key: `${participant.id}/${source}`, participant, source };
}

export interface FocusOptions {
  layout: Layout;
  /** Key of the pinned tile. */
  pinned?: string | undefined;
  speaker?: Participant | undefined;
}

/** Returns the large tile; `undefined` if all have the same size. */
export function focusedTile(tiles: readonly Tile[], { layout, pinned, speaker }: FocusOptions): Tile | undefined {
  const pinnedTile = tiles.find(({ key }) => key === pinned);
  if (pinnedTile) return pinnedTile;
  if (layout === "grid" || tiles.length < 2) return undefined;
  const screen = tiles.findLast(({ source }) => source === "screen");
  if (screen || layout === "auto") return screen;
  const others = tiles.filter(({ participant }) => !participant.isLocal);
  return others.find(({ participant }) => participant === speaker) ?? others[0];
}

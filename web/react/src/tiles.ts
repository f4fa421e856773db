/** Which tiles there are, and which of them is the large one. */

import type { LocalParticipant, Participant, RemoteParticipant } from "@hubbub/client";

export interface Tile {
  key: string;
  participant: Participant;
  source: "camera" | "screen";
}

/**
 * `grid`: all of one size. `speaker`: whoever speaks is large. `auto`: a grid, until somebody shares a screen, which
 * then is large. A pinned tile is large in each of them.
 */
export type Layout = "auto" | "grid" | "speaker";

/** One for each person, oneself last, and one for each screen. One's own screen is not shown: it would hold itself. */
export function tilesOf(local: LocalParticipant | undefined, participants: readonly RemoteParticipant[]): Tile[] {
  const screens = participants.filter((participant) => participant.publications.has("screen"));
  return [
    ...screens.map((participant) => tile(participant, "screen")),
    ...participants.map((participant) => tile(participant, "camera")),
    ...(local ? [tile(local, "camera")] : []),
  ];
}

export function tile(participant: Participant, source: Tile["source"]): Tile {
  return { key: `${participant.id}/${source}`, participant, source };
}

export interface Focus {
  layout: Layout;
  /** A tile's key. */
  pinned?: string | undefined;
  speaker?: Participant | undefined;
}

/** The tile that is large; none in a grid. */
export function focusOf(tiles: readonly Tile[], { layout, pinned, speaker }: Focus): Tile | undefined {
  const byHand = tiles.find(({ key }) => key === pinned);
  if (byHand) return byHand;
  if (layout === "grid" || tiles.length < 2) return undefined;
  const screen = tiles.findLast(({ source }) => source === "screen");
  if (screen || layout === "auto") return screen;
  const others = tiles.filter(({ participant }) => !participant.isLocal);
  return others.find(({ participant }) => participant === speaker) ?? others[0];
}

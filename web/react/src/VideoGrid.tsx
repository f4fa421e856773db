import { useMemo } from "react";

import type { Call } from "@hubbub/client";
import { Icon } from "./icons.tsx";
import { chooseVisible, focusLayout, gridLayout, stripCapacity, type Rect } from "./layout.ts";
import { ParticipantVideo } from "./ParticipantVideo.tsx";
import { focusedTile, tilesOf, type Layout, type Tile } from "./tiles.ts";
import { useActiveSpeaker } from "./useActiveSpeaker.ts";
import { useCallState } from "./useCallState.ts";
import { useSize } from "./useSize.ts";

export interface VideoGridProps {
  call: Call;
  layout?: Layout;
  /** Maximum number of tiles in a grid; 25 when absent. Participants without a tile are still heard. */
  max?: number;
  /** Key of the tile that is always large: `<participant id>/camera` or `<participant id>/screen`. */
  pinned?: string | undefined;
  /** Called when the user pins or unpins a tile; without it tiles have no pin button. */
  onPin?: ((key: string | undefined) => void) | undefined;
  /** Called by the button that shows how many participants have no tile. */
  onMore?: (() => void) | undefined;
}

/** The tiles of all participants. Fills its container, which must have a size. */
export function VideoGrid({ call, layout = "auto", max = 25, pinned, onPin, onMore }: VideoGridProps) {
  const [stage, box] = useSize<HTMLDivElement>();
  const { local, participants } = useCallState(call);
  const speaker = useActiveSpeaker(call);
  const tiles = tilesOf(local, participants);
  const focus = focusedTile(tiles, { layout, pinned, speaker });

  const others = tiles.filter(({ key }) => key !== focus?.key);
  // The local participant does not need a tile for speaking.
  const speaking = others.find(({ participant, source }) => participant === speaker && !participant.isLocal && source === "camera");
  const { shown, hidden } = chooseVisible(others, focus ? stripCapacity(box) : max, speaking);
  const places = shown.length + (hidden.length > 0 ? 1 : 0);
  const rects = useMemo(() => place(places, focus !== undefined, box), [places, focus === undefined, box]);

  const placed = focus ? [focus, ...shown] : shown;
  const more = rects[placed.length];
  // Always in the same order: moving an element in the document would interrupt its video.
  const inOrder = tiles.filter((tile) => placed.includes(tile));
  return (
    <div className="hb-grid" ref={stage} data-layout={focus ? "focus" : "grid"} role="group" aria-label="People in the call">
      {inOrder.map((tile) => (
        <div key={tile.key} className="hb-place" style={position(rects[placed.indexOf(tile)])} data-focus={tile === focus || undefined}>
          <ParticipantVideo
            participant={tile.participant}
            source={tile.source}
            actions={onPin && tiles.length > 1 && <PinButton tile={tile} pinned={pinned} onPin={onPin} />}
          />
        </div>
      ))}
      {more && (
        <div className="hb-place" style={position(more)}>
          <button type="button" className="hb-more" onClick={onMore} disabled={!onMore} aria-label={`${hidden.length} more people`}>
            +{hidden.length}
          </button>
        </div>
      )}
    </div>
  );
}

/** Returns the rectangles of all tiles; that of the large tile, if there is one, is first. */
function place(count: number, focused: boolean, box: { width: number; height: number }): Rect[] {
  if (!focused) return gridLayout(count, box);
  const { focus, strip } = focusLayout(count, box);
  return [focus, ...strip];
}

function position(rect: Rect | undefined): React.CSSProperties {
  if (!rect) return { visibility: "hidden" };
  return { transform: `translate(${Math.round(rect.x)}px, ${Math.round(rect.y)}px)`, width: Math.floor(rect.width), height: Math.floor(rect.height) };
}

function PinButton({ tile, pinned, onPin }: { tile: Tile; pinned: string | undefined; onPin(key: string | undefined): void }) {
  const on = tile.key === pinned;
  const label = `${tile.source === "screen" ? "the screen of " : ""}${tile.participant.name}`;
  return (
    <button
      type="button"
      className="hb-round hb-small"
      aria-pressed={on}
      aria-label={on ? `Unpin ${label}` : `Pin ${label}`}
      title={on ? "Unpin" : "Keep large"}
      onClick={() => onPin(on ? undefined : tile.key)}
    >
      <Icon name="pin" />
    </button>
  );
}

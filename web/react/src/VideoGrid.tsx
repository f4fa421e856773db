import { useMemo } from "react";

import type { Call } from "@hubbub/client";
import { Icon } from "./icons.tsx";
import { choose, focusLayout, gridLayout, stripCapacity, type Rect } from "./layout.ts";
import { ParticipantVideo } from "./ParticipantVideo.tsx";
import { focusOf, tilesOf, type Layout, type Tile } from "./tiles.ts";
import { useActiveSpeaker } from "./useActiveSpeaker.ts";
import { useCallState } from "./useCallState.ts";
import { useSize } from "./useSize.ts";

export interface VideoGridProps {
  call: Call;
  layout?: Layout;
  /** Tiles at most; those who are not shown are still heard. */
  max?: number;
  /** The key of the tile that is large whatever happens. */
  pinned?: string | undefined;
  /** Without it, nothing can be pinned. */
  onPin?: ((key: string | undefined) => void) | undefined;
  /** Somebody wants to see those for whom there is no place. */
  onMore?: (() => void) | undefined;
}

/** Everybody's tile, placed so that the room there is gets used. Fills its container, which must have a size. */
export function VideoGrid({ call, layout = "auto", max = 25, pinned, onPin, onMore }: VideoGridProps) {
  const [stage, box] = useSize<HTMLDivElement>();
  const { local, participants } = useCallState(call);
  const speaker = useActiveSpeaker(call);
  const tiles = tilesOf(local, participants);
  const focus = focusOf(tiles, { layout, pinned, speaker });

  const others = tiles.filter(({ key }) => key !== focus?.key);
  // One sees oneself in vain: the place is for another.
  const speaking = others.find(({ participant, source }) => participant === speaker && !participant.isLocal && source === "camera");
  const { shown, hidden } = choose(others, focus ? stripCapacity(box) : max, speaking);
  const places = shown.length + (hidden.length > 0 ? 1 : 0);
  const rects = useMemo(() => place(places, focus !== undefined, box), [places, focus === undefined, box]);

  const placed = focus ? [focus, ...shown] : shown;
  const more = rects[placed.length];
  // In the order of arrival whatever the layout: an element that moves in the document would stop its picture.
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

/** The rectangle of the large tile first, if there is one. */
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
  const whom = `${tile.source === "screen" ? "the screen of " : ""}${tile.participant.name}`;
  return (
    <button
      type="button"
      className="hb-round hb-small"
      aria-pressed={on}
      aria-label={on ? `Unpin ${whom}` : `Pin ${whom}`}
      title={on ? "Unpin" : "Keep large"}
      onClick={() => onPin(on ? undefined : tile.key)}
    >
      <Icon name="pin" />
    </button>
  );
}

import type { CaptionLine } from "@hubbub/client";
import { CAPTIONS_LIMITED } from "./strings.ts";

export interface CaptionsOverlayProps {
  lines: readonly Pick<CaptionLine, "id" | "name" | "text" | "final">[];
  /** Whether some of what is said has no captions. */
  limited: boolean;
}

/** The last lines that were said, with the names of their speakers. */
export function CaptionsOverlay({ lines, limited }: CaptionsOverlayProps) {
  return (
    <div className="hb-captions" role="log" aria-label="Captions" aria-live="off">
      {limited && <p className="hb-captions-limited">{CAPTIONS_LIMITED}</p>}
      {lines.map(({ id, name, text, final }) => (
        <p key={id} data-final={final}>
          <b>
            <bdi>{name}</bdi>
          </b>{" "}
          {text}
        </p>
      ))}
    </div>
  );
}

import type { ReactNode } from "react";

import { Icon, type IconName } from "./icons.tsx";
import { InviteLink } from "./InviteLink.tsx";
import { AUDIENCE } from "./strings.ts";
import type { Layout } from "./tiles.ts";

export type PanelName = "people" | "stats" | "settings";

export interface CallHeaderProps {
  brand?: ReactNode;
  room: string;
  status: string;
  /** Number of participants, including the local one. */
  count: number;
  /** How many only watch. */
  watching: number;
  inviteUrl?: string | undefined;
  layout: Layout;
  onLayout(layout: Layout): void;
  panel: PanelName | undefined;
  onPanel(panel: PanelName): void;
}

/** The bar above the video grid: room name, status, numbers of participants and of those who watch, and buttons. */
export function CallHeader({ brand, room, status, count, watching, inviteUrl, layout, onLayout, panel, onPanel }: CallHeaderProps) {
  const speaker = layout === "speaker";
  return (
    <header className="hb-header">
      {brand}
      <h1 className="hb-room">{room}</h1>
      <p className="hb-status" role="status">
        {status}
      </p>
      {watching > 0 && <p className="hb-watching">{AUDIENCE.watching(watching)}</p>}
      {inviteUrl !== undefined && <InviteLink url={inviteUrl} compact />}
      <button
        type="button"
        className="hb-round hb-wide-only"
        data-action="layout"
        aria-pressed={speaker}
        aria-label="Speaker view"
        data-tip={speaker ? "Show everybody alike" : "Show the speaker large"}
        onClick={() => onLayout(speaker ? "auto" : "speaker")}
      >
        <Icon name={speaker ? "grid" : "speaker"} />
      </button>
      <PanelButton name="stats" icon="chart" label="Statistics" panel={panel} onPanel={onPanel} wide />
      <PanelButton name="people" icon="people" label="People" panel={panel} onPanel={onPanel}>
        <span className="hb-count">{count}</span>
      </PanelButton>
    </header>
  );
}

export interface PanelButtonProps extends Pick<CallHeaderProps, "panel" | "onPanel"> {
  name: PanelName;
  icon: IconName;
  label: string;
  /** Hidden on narrow screens. */
  wide?: boolean;
  children?: ReactNode;
}

/** Opens or closes a panel beside the video grid. */
export function PanelButton({ name, icon, label, panel, onPanel, wide = false, children }: PanelButtonProps) {
  return (
    <button
      type="button"
      className={wide ? "hb-round hb-wide-only" : "hb-round"}
      data-action={name}
      aria-expanded={panel === name}
      data-tip={label}
      onClick={() => onPanel(name)}
    >
      <Icon name={icon} />
      <span className="hb-sr">{label}</span>
      {children}
    </button>
  );
}

import type { Device } from "mediasoup-client";

import type { SendOptions } from "./encodings.ts";
import type { Closes } from "./closes.ts";
import type { Publication, Source } from "./publication.ts";
import type { Roster } from "./roster.ts";
import type { Signaling } from "./signaling.ts";

/** What all homes of a client have in common. */
export interface HomeContext {
  readonly signaling: Signaling;
  readonly device: Device;
  readonly options: SendOptions & {
    readonly iceTransportPolicy: RTCIceTransportPolicy | undefined;
    /** Whether to have a standby; `relay`: also over TURN. */
    readonly standby: boolean | "relay";
  };
  readonly roster: Roster;
  /** What is to be closed on the server, of any home: a producer keeps its id on the next one. */
  readonly closes: { readonly transports: Closes; readonly producers: Closes };
  /** Whether a session with the server exists, so that requests can be sent. */
  readonly active: boolean;
  /** The tracks that the application wants to send. */
  local(): ReadonlyMap<Source, Publication>;
}

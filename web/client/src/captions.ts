/**
 * What is said in the room, as text.
 *
 * - Captions belong to the room: anybody in it starts them, and everybody gets them. Whether to show them is the application's choice.
 * - A line is repeated with another text until it is final. Lines of several participants overlap.
 */

import { Emitter } from "./emitter.ts";
import type { Captions as CaptionsPush, CaptionsStatus } from "./generated/messages.ts";
import type { Participant } from "./participant.ts";
import type { Signaling } from "./signaling.ts";

/** Lines that are kept. */
const MAX_LINES = 100;

export interface CaptionLine {
  readonly id: string;
  /** Who speaks; `undefined` if the participant has left. */
  readonly participant: Participant | undefined;
  /** The participant's name when the line began. */
  readonly name: string;
  readonly text: string;
  /** Whether the text does not change any more. */
  readonly final: boolean;
  /** When the line begins and ends, in milliseconds of the server's clock. */
  readonly start: number;
  readonly end: number;
}

export interface CaptionsEvents {
  /** A line is new, has another text or is final. */
  line(line: CaptionLine): void;
  /** Captions were switched on or off in the room, or became limited. */
  state(active: boolean, limited: boolean): void;
}

export class Captions extends Emitter<CaptionsEvents> {
  readonly #signaling: Signaling;
  readonly #find: (peerId: string) => Participant | undefined;
  #active = false;
  #limited = false;
  #lines: readonly CaptionLine[] = [];

  /**
   * @internal
   * @param find - Returns the participant with a peer id, the local one included.
   */
  constructor(signaling: Signaling, find: (peerId: string) => Participant | undefined) {
    super();
    this.#signaling = signaling;
    this.#find = find;
    signaling.on("captionsState", ({ on, limited }) => this.setState(on ? { limited: limited ?? false } : undefined));
    signaling.on("captions", (push) => this.#add(push));
  }

  /** Whether what is said in the room becomes text. */
  get active(): boolean {
    return this.#active;
  }

  /** Whether too many people speak at once, so that some of it has no captions. */
  get limited(): boolean {
    return this.#limited;
  }

  /** The last lines, in the order in which they were begun. Every change creates a new array. */
  get lines(): readonly CaptionLine[] {
    return this.#lines;
  }

  /**
   * Switches captions on in the room. Succeeds if they are on.
   *
   * @throws CallError `not_allowed` if the operator has switched them off, `unavailable` or `unsupported` if there are none.
   */
  async start(): Promise<void> {
    await this.#signaling.request("startCaptions", {});
  }

  /** Switches captions off in the room, for everybody. */
  async stop(): Promise<void> {
    await this.#signaling.request("stopCaptions", {});
  }

  /** @internal `undefined`: they are off. */
  setState(status: CaptionsStatus | undefined): void {
    const [active, limited] = [status !== undefined, status?.limited ?? false];
    if (active === this.#active && limited === this.#limited) return;
    this.#active = active;
    this.#limited = limited;
    this.emit("state", active, limited);
    this.notify();
  }

  #add({ peerId, segmentId, text, final, start, end }: CaptionsPush): void {
    const known = this.#lines.find(({ id }) => id === segmentId);
    const participant = this.#find(peerId);
    const line = { id: segmentId, participant, name: known?.name ?? participant?.name ?? "", text, final, start, end };
    const others = known ? this.#lines.filter((other) => other !== known) : this.#lines;
    this.#lines = (text === "" ? others : [...others, line].sort((one, other) => one.start - other.start)).slice(-MAX_LINES);
    this.emit("line", line);
    this.notify();
  }
}

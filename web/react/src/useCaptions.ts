import { useEffect, useState } from "react";

import { CallError, type Call, type CaptionLine } from "@hubbub/client";
import { useStore } from "./useStore.ts";

/** A final line is shown for so long after its end, in milliseconds of this client's clock since it came. */
const SHOWN_MS = 6_000;
const MAX_SHOWN = 3;

export interface CaptionsView {
  /** Whether this person wants to see captions. */
  shown: boolean;
  /** The lines to show now, in the order in which they were begun. */
  lines: readonly CaptionLine[];
  limited: boolean;
  /** Why there are none although this person wants them. */
  problem: CallError | undefined;
  /** Shows or hides them here. Switches them on in the room when nobody has. */
  setShown(shown: boolean): Promise<void>;
}

/** Returns captions as one person sees them: others do not notice who shows them. */
export function useCaptions(call: Call): CaptionsView {
  const { captions } = call;
  useStore(captions);
  const [shown, show] = useState(false);
  const [problem, setProblem] = useState<CallError>();
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());

  useEffect(() => {
    const timers = new Set<ReturnType<typeof setTimeout>>();
    const off = captions.on("line", (line) => {
      if (!line.final) return;
      const timer = setTimeout(() => {
        timers.delete(timer);
        setHidden((before) => new Set([...before, line.id].slice(-100)));
      }, SHOWN_MS);
      timers.add(timer);
    });
    return () => {
      off();
      timers.forEach((timer) => clearTimeout(timer));
    };
  }, [captions]);

  useEffect(
    () =>
      captions.on("state", (active) => {
        if (!active) show(false);
      }),
    [captions],
  );

  const setShown = async (next: boolean) => {
    setProblem(undefined);
    show(next);
    if (!next || captions.active) return;
    try {
      await captions.start();
    } catch (error) {
      show(false);
      setProblem(CallError.of(error));
    }
  };
  const lines = shown ? captions.lines.filter(({ id }) => !hidden.has(id)).slice(-MAX_SHOWN) : [];
  return { shown, lines, limited: captions.limited, problem, setShown };
}

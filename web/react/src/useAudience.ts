import type { Call } from "@hubbub/client";
import { useStore } from "./useStore.ts";

export interface AudienceView {
  /** How many only watch, this client included if it does. */
  count: number;
  /** Whether this client only watches. */
  watches: boolean;
}

/** Returns how many watch a call without taking part. Rerenders after every change. */
export function useAudience(call: Call | undefined): AudienceView {
  useStore(call);
  return { count: call?.audience ?? 0, watches: call?.local.watches ?? false };
}

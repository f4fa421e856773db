import { useEffect, useState } from "react";

import { GroupCall, type CallInfo, type Calls } from "@hubbub/client";
import { useStore } from "./useStore.ts";

/** Returns the live call of a group and the ids of the users in it, for everybody who asks. Rerenders when it changes. */
export function useGroupCall(calls: Calls | undefined, groupId: string): { call: CallInfo | undefined; members: string[] } {
  const [group, setGroup] = useState<GroupCall>();
  useEffect(() => {
    if (!calls) return undefined;
    const next = new GroupCall(calls, groupId);
    next.watch();
    setGroup(next);
    return () => {
      next.unwatch();
      setGroup(undefined);
    };
  }, [calls, groupId]);
  useStore(group);
  return { call: group?.call, members: group?.members ?? [] };
}

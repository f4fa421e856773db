import type { CallPushes, Calls } from "@hubbub/client";
import { useEffect, useState } from "react";

import { people, type Entry } from "./directory.ts";

export interface ChatMessage {
  /** Milliseconds since 1970, by the clock of this device. */
  at: number;
  /** Id of the group or the other person. */
  conversation: string;
  from: string;
  text: string;
  /** Whether no other device got it. */
  unread: boolean;
}

/** The messages since the page was opened. Hubbub stores none: an application stores them on its own server. */
export function useMessages(calls: Calls | undefined, user: Entry): { messages: ChatMessage[]; send(to: Entry, text: string): Promise<void> } {
  const [messages, setMessages] = useState<ChatMessage[]>([]);
  const add = (message: ChatMessage) => setMessages((before) => [...before, message]);
  useEffect(
    () =>
      calls?.on("message", ({ userId, userIds, groupId, data }: CallPushes["message"]) => {
        // What this user has sent on another device belongs to the conversation with its receiver.
        const person = userId === user.id ? userIds[0] : userId;
        add({ at: Date.now(), conversation: groupId ?? person ?? userId, from: userId, text: String(data["text"]), unread: false });
      }),
    [calls, user.id],
  );

  const send = async (to: Entry, text: string) => {
    if (!calls) return;
    const userIds = to.kind === "person" ? [to.id] : people.filter(({ id }) => id !== user.id).map(({ id }) => id);
    const devices = await calls.sendMessage({ userIds, data: { text }, ...(to.kind === "group" && { groupId: to.id }) });
    add({ at: Date.now(), conversation: to.id, from: user.id, text, unread: devices === 0 });
  };
  return { messages, send };
}

import type { CallInfo, Calls } from "@hubbub/client";
import { ActiveCallIndicator, CallButton } from "@hubbub/react";
import type { FormEvent } from "react";

import { nameOf, people, type Entry } from "./directory.ts";
import { describe, useFormerCalls } from "./useFormerCalls.ts";
import type { ChatMessage } from "./useMessages.ts";

interface ConversationProps {
  calls: Calls | undefined;
  user: Entry;
  entry: Entry;
  messages: ChatMessage[];
  onSend(text: string): Promise<void>;
  onEnter(call: CallInfo): void;
}

/** A group or another person: the button that calls, the call that is on, messages and former calls. */
export function Conversation({ calls, user, entry, messages, onSend, onEnter }: ConversationProps) {
  const isGroup = entry.kind === "group";
  const lines = [
    ...useFormerCalls(calls, entry).map((call) => ({ key: call.callId, at: call.createdAt, text: describe(call, user), note: false })),
    ...messages.map(({ at, from, text, unread }, index) => ({
      key: String(index),
      at,
      text: `${nameOf(from)}: ${text}`,
      note: unread && (isGroup ? "Nobody is connected to get this message." : `${entry.name} is not connected, and does not get this message.`),
    })),
  ].sort((one, other) => one.at - other.at);

  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const text = String(new FormData(form).get("text")).trim();
    // A text that could not be sent stays in the field.
    if (text) void onSend(text).then(() => form.reset(), () => undefined);
  };
  return (
    <section aria-label={entry.name} className="conversation">
      <header>
        <h2>{entry.name}</h2>
        <CallButton
          calls={calls}
          participants={isGroup ? people.filter(({ id }) => id !== user.id).map(({ id }) => id) : [entry.id]}
          groupId={isGroup ? entry.id : undefined}
          label={entry.name}
          onStart={onEnter}
        />
      </header>
      {isGroup && <ActiveCallIndicator calls={calls} groupId={entry.id} userName={nameOf} onJoin={onEnter} />}
      <div className="lines" role="log" aria-label="Messages and calls" tabIndex={0}>
        <ol>
          {lines.map(({ key, at, text, note }) => (
            <li key={key}>
              <time dateTime={new Date(at).toISOString()}>{new Date(at).toLocaleTimeString([], { timeStyle: "short" })}</time> {text}
              {note && <small> {note}</small>}
            </li>
          ))}
        </ol>
      </div>
      <form onSubmit={submit}>
        <input name="text" placeholder={`Message to ${entry.name}`} aria-label={`Message to ${entry.name}`} autoComplete="off" maxLength={1000} />
        <button className="hb-button">Send</button>
      </form>
    </section>
  );
}

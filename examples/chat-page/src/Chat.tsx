import type { CallInfo } from "@hubbub/client";
import { IncomingCallDialog, useCalls } from "@hubbub/react";
import { useState } from "react";

import { CallRoom } from "./CallRoom.tsx";
import { Conversation } from "./Conversation.tsx";
import { groups, nameOf, people, server, type Entry } from "./directory.ts";
import { useMessages } from "./useMessages.ts";

const STATES = { idle: "", connecting: "Connecting…", connected: "You can be called.", refused: "You cannot be called", closed: "" };

/** This device rings for the user, whatever the page shows. */
export function Chat({ user }: { user: Entry }) {
  const { calls, state, refusal } = useCalls({ url: server, userId: user.id, name: user.name });
  const { messages, send } = useMessages(calls, user);
  const conversations = [...groups, ...people.filter(({ id }) => id !== user.id)];
  const [selected, setSelected] = useState(conversations[0] as Entry);
  const [entered, setEntered] = useState<{ callId: string; camera: boolean }>();
  const enter = ({ callId, video, groupId, callerId }: CallInfo, camera = video) => {
    setEntered({ callId, camera });
    setSelected((before) => conversations.find(({ id }) => id === (groupId ?? callerId)) ?? before);
  };

  return (
    <div className="chat">
      <nav aria-label="Conversations">
        <h1>{user.name}</h1>
        <p role="status">{refusal ? `${STATES.refused}: ${refusal.message}.` : STATES[state]}</p>
        <ul>
          {conversations.map((entry) => (
            <li key={entry.id}>
              <button type="button" className="hb-button" aria-current={entry.id === selected.id} onClick={() => setSelected(entry)}>
                {entry.name}
              </button>
            </li>
          ))}
        </ul>
      </nav>
      <main>
        <Conversation
          key={selected.id}
          calls={calls}
          user={user}
          entry={selected}
          messages={messages.filter(({ conversation }) => conversation === selected.id)}
          onSend={(text) => send(selected, text)}
          onEnter={enter}
        />
        {calls && entered && <CallRoom key={entered.callId} calls={calls} {...entered} onEnd={() => setEntered(undefined)} />}
      </main>
      <IncomingCallDialog calls={calls} groupName={nameOf} onAccept={enter} />
    </div>
  );
}

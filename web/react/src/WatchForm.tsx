import { useId, useState } from "react";

import { AUDIENCE } from "./strings.ts";

export interface WatchFormProps {
  room: string;
  /** Initial name. */
  name?: string | undefined;
  /** Gets the name without surrounding spaces. */
  onWatch(name: string): void;
}

/** The form before a call for who only watches: it opens no device. */
export function WatchForm({ room, name: initialName = "", onWatch }: WatchFormProps) {
  const id = useId();
  const [name, setName] = useState(initialName);
  return (
    <form
      className="hb-watch"
      autoComplete="off"
      onSubmit={(event) => {
        event.preventDefault();
        if (name.trim()) onWatch(name.trim());
      }}
    >
      <h1>{AUDIENCE.title(room)}</h1>
      <p>{AUDIENCE.unseen}</p>
      <div className="hb-field">
        <label htmlFor={id}>Your name</label>
        <input id={id} name="name" value={name} required maxLength={64} autoFocus onChange={(event) => setName(event.target.value)} />
      </div>
      <button type="submit" className="hb-button hb-primary" data-action="watch" disabled={!name.trim()}>
        {AUDIENCE.start}
      </button>
    </form>
  );
}

import { useState } from "react";

import type { CallError } from "@hubbub/client";

/** Asks for what the server wants to see before it shows recordings. The credential is not stored. */
export function AccessForm({ refused, onCredential }: { refused: CallError; onCredential(credential: string): void }) {
  const [typed, setTyped] = useState("");
  return (
    <form
      className="recordings-access"
      autoComplete="off"
      onSubmit={(event) => {
        event.preventDefault();
        onCredential(typed.trim());
      }}
    >
      <h1>Recordings</h1>
      <p>Recordings are shown to people with the API key, or with an access token that grants to record.</p>
      <div className="hb-field">
        <label htmlFor="credential">API key or access token</label>
        <div className="home-join">
          <input
            id="credential"
            type="password"
            value={typed}
            aria-describedby="credential-refused"
            onChange={(event) => setTyped(event.target.value)}
          />
          <button type="submit" className="hb-button hb-primary" disabled={!typed.trim()}>
            Show
          </button>
        </div>
        <p id="credential-refused" role="status" className="recordings-quiet">
          {refused.message}
        </p>
      </div>
    </form>
  );
}

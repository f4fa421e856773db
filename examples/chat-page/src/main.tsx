import "@hubbub/react/styles.css";
import "./chat.css";

import { createRoot } from "react-dom/client";

import { Chat } from "./Chat.tsx";
import { people, server, user } from "./directory.ts";

/** Submitting the form reloads the page with ?server= and ?user=. */
function SignIn() {
  return (
    <form className="sign-in">
      <label className="hb-field">Server <input name="server" type="url" defaultValue={server} required /></label>
      <label className="hb-field">
        You are
        <select name="user">
          {people.map(({ id, name }) => <option key={id} value={id}>{name}</option>)}
        </select>
      </label>
      <button className="hb-button hb-primary">Enter</button>
    </form>
  );
}

createRoot(document.getElementById("root") as HTMLElement).render(<div className="hb">{user ? <Chat user={user} /> : <SignIn />}</div>);

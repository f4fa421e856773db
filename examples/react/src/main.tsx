import "@hubbub/react/styles.css";

import { CallAudio, EndedView, useCall, VideoControls, VideoGrid } from "@hubbub/react";
import { useEffect } from "react";
import { createRoot } from "react-dom/client";

const query = new URLSearchParams(location.search);
const url = query.get("server") ?? "http://localhost:4000";
const room = query.get("room");
const name = query.get("name");

function Room({ room, name }: { room: string; name: string }) {
  const { call, state, ended, join } = useCall();
  useEffect(() => {
    void join({ url, room, name });
  }, [room, name, join]);

  if (ended) return <EndedView ended={ended} onRejoin={() => void join({ url, room, name })} />;
  if (!call || state === "connecting") return <p>Joining…</p>;
  return (
    <>
      <div style={{ height: "75dvh" }}>
        <VideoGrid call={call} />
      </div>
      <VideoControls call={call} />
      <CallAudio call={call} />
    </>
  );
}

/** Submitting the form reloads the page with ?server=, ?room= and ?name=, which join the call. */
function JoinForm() {
  return (
    <form>
      <label>Server <input name="server" type="url" defaultValue={url} required /></label>
      <label>Room <input name="room" required /></label>
      <label>Name <input name="name" required /></label>
      <button>Join</button>
    </form>
  );
}

const page = <div className="hb">{room && name ? <Room room={room} name={name} /> : <JoinForm />}</div>;
createRoot(document.getElementById("root") as HTMLElement).render(page);

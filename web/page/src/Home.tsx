import { useState, type ReactNode } from "react";

import { recordingsUrl } from "./address.ts";
import { Brand } from "./Brand.tsx";
import { newRoomName, parseRoom, roomProblem } from "./roomName.ts";

export interface HomeProps {
  onRoom(room: string): void;
  /** Why the room of the page's address cannot be opened. */
  problem?: string | undefined;
  footer?: ReactNode;
}

/** The start page: starts a new call or joins one by link or name. */
export function Home({ onRoom, problem: initialProblem, footer }: HomeProps) {
  const [typed, setTyped] = useState("");
  const [problem, setProblem] = useState(initialProblem);
  return (
    <div className="hb home">
      <header>
        <Brand />
        <div className="home-corner">
          <a href={recordingsUrl("")}>Recordings</a>
          {footer}
        </div>
      </header>
      <main>
        <div className="home-words">
          <h1>Video calls that start with a link.</h1>
          <p>Start a call, send the link, talk. Nobody needs an account, nobody installs anything.</p>
          <button type="button" className="hb-button hb-primary hb-large" data-action="start" onClick={() => onRoom(newRoomName())}>
            Start a call
          </button>
          <form
            autoComplete="off"
            onSubmit={(event) => {
              event.preventDefault();
              const room = parseRoom(typed);
              const found = room ? roomProblem(room) : "This link leads to no call.";
              setProblem(found);
              if (found === undefined) onRoom(room);
            }}
          >
            <div className="hb-field">
              <label htmlFor="room">Or join one</label>
              <div className="home-join">
                <input
                  id="room"
                  name="room"
                  value={typed}
                  maxLength={2048}
                  placeholder="Link or name of a call"
                  aria-invalid={problem !== undefined}
                  aria-describedby={problem === undefined ? undefined : "room-wrong"}
                  onChange={(event) => {
                    setTyped(event.target.value);
                    setProblem(undefined);
                  }}
                />
                <button type="submit" className="hb-button" disabled={!typed.trim()}>
                  Join
                </button>
              </div>
              {problem !== undefined && (
                <p className="home-wrong" id="room-wrong" role="alert">
                  {problem}
                </p>
              )}
            </div>
          </form>
        </div>
        <Illustration />
      </main>
    </div>
  );
}

const PEOPLE = [
  { x: 0, y: 0, hue: 152 },
  { x: 132, y: 0, hue: 28, speaks: true },
  { x: 0, y: 112, hue: 250 },
  { x: 132, y: 112, hue: 340 },
];

/** Decoration: four people in a call, one of them speaking. */
function Illustration() {
  return (
    <svg className="illustration" viewBox="-6 -6 268 222" aria-hidden="true" focusable="false">
      {PEOPLE.map(({ x, y, hue, speaks }) => (
        <g key={hue} transform={`translate(${x} ${y})`} style={{ "--hb-hue": hue } as React.CSSProperties}>
          <clipPath id={`tile-${hue}`}>
            <rect width="124" height="102" rx="14" />
          </clipPath>
          <g clipPath={`url(#tile-${hue})`}>
            <rect className="wall" width="124" height="102" />
            <ellipse className="body" cx="62" cy="108" rx="38" ry="34" />
            <circle className="head" cx="62" cy="50" r="20" />
          </g>
          {speaks && <rect className="speaks" width="124" height="102" rx="14" />}
        </g>
      ))}
    </svg>
  );
}

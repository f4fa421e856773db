import { lazy, Suspense, useCallback, useEffect, useState } from "react";

import type { Call } from "@hubbub/client";
import { VideoCall } from "@hubbub/react";
import { basePath, readAddress, recordingsUrl } from "./address.ts";
import { Brand } from "./Brand.tsx";
import { Home } from "./Home.tsx";
import { roomProblem, roomUrl } from "./roomName.ts";
import { loadSetting, saveSetting } from "./settings.ts";
import { THEMES, useTheme, type Theme } from "./theme.ts";
import { tabUser } from "./tabUser.ts";
import { useNewVersion } from "./useNewVersion.ts";

/** Loaded when it is needed: most people only make calls. */
const RecordingsPage = lazy(() => import("./recordings/RecordingsPage.tsx").then((module) => ({ default: module.RecordingsPage })));

const NAME_KEY = "hubbub.name";

/** The start page, or the call in the room that the address names. */
export function App({ onCall }: { onCall(call: Call): void }) {
  const [address, setAddress] = useState(() => readAddress(location.search, location.hash));
  const [theme, setTheme] = useTheme();
  const [call, setCall] = useState<Call>();
  const newVersion = useNewVersion(call === undefined);
  const { check } = newVersion;

  const openAddress = useCallback(() => {
    setAddress(readAddress(location.search, location.hash));
    setCall(undefined);
    check();
  }, [check]);
  useEffect(() => {
    addEventListener("popstate", openAddress);
    return () => removeEventListener("popstate", openAddress);
  }, [openAddress]);
  // An upgrade of the server interrupts the calls of its pages.
  useEffect(() => {
    const stops = [call?.on("reconnected", check), call?.on("ended", check)];
    return () => stops.forEach((stop) => stop?.());
  }, [call, check]);

  const problem = roomProblem(address.room);
  const inRecordings = address.recordings || address.recording !== "";
  const inRoom = !inRecordings && address.room !== "" && problem === undefined;
  useEffect(() => {
    if (!inRecordings) document.title = inRoom ? `${address.room} – Hubbub` : "Hubbub";
  }, [inRecordings, inRoom, address.room]);

  const show = useCallback(
    (url: string) => {
      history.pushState(null, "", url + location.hash);
      openAddress();
    },
    [openAddress],
  );
  const go = useCallback((room: string) => show(room ? roomUrl(room, location.href) : "./"), [show]);
  const home = useCallback(() => go(""), [go]);

  const themes = <ThemeChoice theme={theme} onTheme={setTheme} />;
  const { room, name, user, join, watch, width, height, codec, simulcast, standby, subscribe, token } = address;
  return (
    <>
      {inRecordings ? (
        <Suspense>
          <RecordingsPage
            room={room}
            recording={address.recording}
            token={token}
            footer={themes}
            onHome={home}
            onRecording={(id) => show(recordingsUrl(room, id))}
          />
        </Suspense>
      ) : inRoom ? (
        <VideoCall
          key={`${room}${watch ? " watched" : ""}`}
          path={basePath(location.href)}
          room={room}
          name={name || loadSetting(NAME_KEY)}
          preJoin={!(join && name)}
          audience={watch}
          offerAudience
          video={{ width, height }}
          simulcast={simulcast}
          standby={standby}
          subscribe={subscribe}
          userId={user || tabUser()}
          {...(token ? { token: () => Promise.resolve(token) } : {})}
          {...(codec ? { codec } : {})}
          inviteUrl={roomUrl(room, location.href)}
          brand={<Brand onHome={home} />}
          settings={themes}
          onHome={home}
          onCall={(next) => {
            saveSetting(NAME_KEY, next.local.name);
            setCall(next);
            onCall(next);
          }}
        />
      ) : (
        <Home key={room} onRoom={go} problem={problem} footer={themes} />
      )}
      {newVersion.available && <NewVersion />}
    </>
  );
}

function NewVersion() {
  return (
    <aside className="hb new-version">
      <p className="hb-banner" role="status">
        A new version is available
        <button type="button" className="hb-button" data-action="reload" onClick={() => location.reload()}>
          Reload
        </button>
      </p>
    </aside>
  );
}

const THEME_NAMES: Record<Theme, string> = { system: "As the system", light: "Light", dark: "Dark" };

function ThemeChoice({ theme, onTheme }: { theme: Theme; onTheme(theme: Theme): void }) {
  return (
    <div className="hb-field theme">
      <label htmlFor="theme">Colours</label>
      <select id="theme" value={theme} onChange={(event) => onTheme(event.target.value as Theme)}>
        {THEMES.map((one) => (
          <option key={one} value={one}>
            {THEME_NAMES[one]}
          </option>
        ))}
      </select>
    </div>
  );
}

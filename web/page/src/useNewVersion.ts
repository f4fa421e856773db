import { useCallback, useEffect, useState } from "react";

import { buildOf, mayReloadFor, serverBuild } from "./newVersion.ts";

const BUILD = buildOf(document.head.innerHTML);

/**
 * Returns whether the server has a newer build of the page, and a function that asks it. Asks whenever the page becomes visible.
 *
 * @param idle - Whether nothing is lost when the page reloads: it then does so by itself.
 */
export function useNewVersion(idle: boolean): { available: boolean; check(): void } {
  const [build, setBuild] = useState<string>();

  const check = useCallback(() => {
    if (BUILD === "") return;
    void serverBuild(location.href).then((found) => {
      if (found !== undefined) setBuild(found === BUILD ? undefined : found);
    });
  }, []);

  useEffect(() => {
    const onVisible = () => {
      if (document.visibilityState === "visible") check();
    };
    document.addEventListener("visibilitychange", onVisible);
    // Vite's event: a part of this build that is loaded on demand does not exist any more.
    addEventListener("vite:preloadError", check);
    return () => {
      document.removeEventListener("visibilitychange", onVisible);
      removeEventListener("vite:preloadError", check);
    };
  }, [check]);

  useEffect(() => {
    if (build !== undefined && idle && mayReloadFor(build, sessionStorage)) location.reload();
  }, [build, idle]);

  return { available: build !== undefined, check };
}

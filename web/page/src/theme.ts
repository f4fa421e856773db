/** The color theme of the page: light, dark or that of the system. */

import { useEffect, useState } from "react";

import { loadSetting, saveSetting } from "./settings.ts";

export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

const KEY = "hubbub.theme";

/** Returns the theme and a function that sets and stores it. */
export function useTheme(): [Theme, (theme: Theme) => void] {
  const [theme, setTheme] = useState<Theme>(() => THEMES.find((known) => known === loadSetting(KEY)) ?? "system");
  useEffect(() => {
    document.documentElement.dataset["theme"] = theme;
    saveSetting(KEY, theme);
  }, [theme]);
  return [theme, setTheme];
}

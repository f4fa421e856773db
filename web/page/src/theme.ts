/** Light, dark, or as the system has it; kept in this browser. */

import { useEffect, useState } from "react";

export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

const KEY = "hubbub.theme";

export function useTheme(): [Theme, (theme: Theme) => void] {
  const [theme, setTheme] = useState<Theme>(() => THEMES.find((known) => known === recall(KEY)) ?? "system");
  useEffect(() => {
    document.documentElement.dataset["theme"] = theme;
    remember(KEY, theme);
  }, [theme]);
  return [theme, setTheme];
}

/** What was kept; nothing where the browser keeps nothing. */
export function recall(key: string): string | undefined {
  try {
    return localStorage.getItem(key) ?? undefined;
  } catch {
    return undefined;
  }
}

export function remember(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // A private window may refuse: then it is asked again next time.
  }
}

/** Settings that the browser stores for this page. */

/** Returns a stored setting; `undefined` if there is none or the browser blocks storage. */
export function loadSetting(key: string): string | undefined {
  try {
    return localStorage.getItem(key) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Stores a setting. Does nothing if the browser blocks storage, as in some private windows. */
export function saveSetting(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // The default applies on the next visit.
  }
}

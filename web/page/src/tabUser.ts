/** Who this tab is to the server, where nobody else says so. */

const KEY = "hubbub.user";

/**
 * Returns the user id of this tab, which it keeps while it is open: who reloads or rejoins is the same user, also to a moderator.
 * A new one each time if the browser blocks storage.
 */
export function tabUser(): string {
  const fresh = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
  try {
    const kept = sessionStorage.getItem(KEY) ?? fresh;
    sessionStorage.setItem(KEY, kept);
    return kept;
  } catch {
    return fresh;
  }
}

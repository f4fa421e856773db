/**
 * Finds out whether the server has another build of the page than the one that runs.
 *
 * A build is identified by the names of its assets in index.html, which contain hashes of their contents.
 */

const RELOADED_FOR = "hubbub.reloadedFor";

/** Returns the build that an index.html belongs to; empty if it contains no assets, as in development. */
export function buildOf(html: string): string {
  return [...new Set(html.match(/assets\/[\w.-]+/g))].sort().join(" ");
}

/** Returns the build that the server has now; `undefined` if it cannot be found out. @param page - Address of the page. */
export async function serverBuild(page: string): Promise<string | undefined> {
  try {
    const answer = await fetch(new URL(".", page), { cache: "no-cache" });
    return answer.ok ? buildOf(await answer.text()) || undefined : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Returns whether the page may reload itself for a build: once. While an upgrade is in progress, the reloaded page may come from a
 * server that still has the former build.
 */
export function mayReloadFor(build: string, storage: Pick<Storage, "getItem" | "setItem">): boolean {
  try {
    if (storage.getItem(RELOADED_FOR) === build) return false;
    storage.setItem(RELOADED_FOR, build);
    return true;
  } catch {
    // Without storage the page cannot know whether it has reloaded already.
    return false;
  }
}

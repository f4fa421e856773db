/** The tiles: one for each person, with their tracks, their name, and whether they are muted. */

import type { types } from "mediasoup-client";

interface Tile {
  root: HTMLElement;
  stream: MediaStream;
  tracks: Map<string, MediaStreamTrack>;
}

export class Tiles {
  readonly #tiles = new Map<string, Tile>();

  constructor(
    readonly container: HTMLElement,
    readonly template: HTMLTemplateElement,
  ) {}

  add(id: string, name: string, own = false): void {
    if (this.#tiles.has(id)) return;
    const root = (this.template.content.cloneNode(true) as DocumentFragment).firstElementChild as HTMLElement;
    const stream = new MediaStream();
    const video = part<HTMLVideoElement>(root, "video");
    video.srcObject = stream;
    video.muted = own;
    root.dataset["peer"] = id;
    root.classList.toggle("own", own);
    part(root, ".name").textContent = own ? `${name} (you)` : name;
    part(root, ".initial").textContent = [...name.trim()][0]?.toUpperCase() ?? "?";
    this.#tiles.set(id, { root, stream, tracks: new Map() });
    this.container.append(root);
    this.#arrange();
  }

  remove(id: string): void {
    this.#tiles.get(id)?.root.remove();
    this.#tiles.delete(id);
    this.#arrange();
  }

  clear(): void {
    for (const id of [...this.#tiles.keys()]) this.remove(id);
  }

  addTrack(id: string, key: string, track: MediaStreamTrack): void {
    const tile = this.#tiles.get(id);
    if (!tile) return;
    this.removeTrack(id, key);
    tile.tracks.set(key, track);
    tile.stream.addTrack(track);
    // A second track of an element that plays already is not always picked up by itself.
    part<HTMLVideoElement>(tile.root, "video").play().catch(() => undefined);
    this.#show(tile);
  }

  removeTrack(id: string, key: string): void {
    const tile = this.#tiles.get(id);
    const track = tile?.tracks.get(key);
    if (!tile || !track) return;
    tile.tracks.delete(key);
    tile.stream.removeTrack(track);
    this.#show(tile);
  }

  setPaused(id: string, kind: types.MediaKind, paused: boolean): void {
    const root = this.#tiles.get(id)?.root;
    if (!root) return;
    if (kind === "audio") part(root, ".muted").hidden = !paused;
    else root.classList.toggle("dark", paused);
  }

  #show(tile: Tile): void {
    tile.root.classList.toggle("pictured", tile.stream.getVideoTracks().length > 0);
  }

  #arrange(): void {
    const count = Math.max(1, this.#tiles.size);
    const columns = { landscape: Math.ceil(Math.sqrt(count)), portrait: Math.floor(Math.sqrt(count)) };
    for (const [orientation, number] of Object.entries(columns)) {
      this.container.style.setProperty(`--${orientation}-columns`, String(number));
      this.container.style.setProperty(`--${orientation}-rows`, String(Math.ceil(count / number)));
    }
  }
}

function part<T extends HTMLElement = HTMLElement>(root: HTMLElement, selector: string): T {
  const found = root.querySelector<T>(selector);
  if (!found) throw new Error(`the tile has no ${selector}`);
  return found;
}

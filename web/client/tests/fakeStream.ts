/** Stands for a MediaStream. */
export class FakeStream {
  #tracks: MediaStreamTrack[];
  constructor(tracks: MediaStreamTrack[]) {
    this.#tracks = tracks;
  }
  getTracks = () => [...this.#tracks];
  addTrack = (added: MediaStreamTrack) => void this.#tracks.push(added);
  removeTrack = (removed: MediaStreamTrack) => void (this.#tracks = this.#tracks.filter((one) => one !== removed));
}

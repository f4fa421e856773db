/** Fake cameras and microphones, which jsdom does not have. */

export class FakeTrack extends EventTarget {
  enabled = true;
  readyState: "live" | "ended" = "live";
  readonly id = crypto.randomUUID();

  constructor(
    readonly kind: "audio" | "video",
    readonly deviceId: string,
  ) {
    super();
  }

  getSettings(): MediaTrackSettings {
    return { deviceId: this.deviceId };
  }

  stop(): void {
    this.readyState = "ended";
  }
}

type Refusal = "NotAllowedError" | "NotReadableError";

/** In jsdom, unlike in browsers, DOMException is not an Error. */
function refused(name: string): Error {
  return Object.assign(new Error(name), { name });
}

export class FakeDevices extends EventTarget {
  readonly opened: FakeTrack[] = [];
  /** Names of the errors with which getUserMedia rejects, by kind. */
  readonly refusals = new Map<"audio" | "video", Refusal>();
  /** getUserMedia waits for this promise, as for the answer of the user. */
  ready: Promise<void> = Promise.resolve();

  constructor(readonly plugged: Record<"audio" | "video", string[]>) {
    super();
  }

  /** Opens all requested kinds or rejects, as https://w3c.github.io/mediacapture-main/#dom-mediadevices-getusermedia says. */
  getUserMedia = async (constraints: MediaStreamConstraints): Promise<MediaStream> => {
    await this.ready;
    const kinds = (["audio", "video"] as const).filter((kind) => constraints[kind]);
    const tracks = kinds.map((kind) => {
      const refusal = this.refusals.get(kind);
      if (refusal) throw refused(refusal);
      const wanted = (constraints[kind] as MediaTrackConstraints).deviceId as { exact: string } | undefined;
      const found = this.plugged[kind].find((deviceId) => !wanted || deviceId === wanted.exact);
      if (!found) throw refused("NotFoundError");
      return new FakeTrack(kind, found);
    });
    this.opened.push(...tracks);
    const of = (kind: string) => tracks.filter((track) => track.kind === kind);
    return { getVideoTracks: () => of("video"), getAudioTracks: () => of("audio"), getTracks: () => tracks } as unknown as MediaStream;
  };

  enumerateDevices = async (): Promise<MediaDeviceInfo[]> =>
    (["audio", "video"] as const).flatMap((kind) =>
      this.plugged[kind].map((deviceId) => ({ deviceId, kind: `${kind}input`, label: deviceId, groupId: "" }) as MediaDeviceInfo),
    );

  plug(kind: "audio" | "video", deviceId: string): void {
    this.plugged[kind].push(deviceId);
    this.dispatchEvent(new Event("devicechange"));
  }

  install(): this {
    Object.defineProperty(navigator, "mediaDevices", { value: this, configurable: true });
    // Parts of media elements that jsdom lacks. Nothing is played.
    Object.defineProperty(HTMLMediaElement.prototype, "srcObject", { value: null, writable: true, configurable: true });
    HTMLMediaElement.prototype.play = () => Promise.resolve();
    globalThis.MediaStream ??= class {
      #tracks: unknown[];
      constructor(tracks: unknown[] = []) {
        this.#tracks = tracks;
      }
      getTracks = () => this.#tracks;
      getVideoTracks = () => this.#tracks;
    } as unknown as typeof MediaStream;
    return this;
  }
}

/** The local participant: which tracks this client wants to send. {@link Media} sends them. */

import { openCamera, openMicrophone, openScreen, type CameraOptions, type DeviceSource, type MicrophoneOptions } from "./devices.ts";
import { CallError } from "./errors.ts";
import { Participant } from "./participant.ts";
import { Publication, type Source } from "./publication.ts";

export class LocalParticipant extends Participant {
  readonly isLocal = true;
  readonly #camera: CameraOptions;
  /** Sends what `publications` contains. */
  readonly #sync: () => Promise<void>;
  /** The last operation of each source: operations on one source run in order. */
  readonly #lastOperation = new Map<Source, Promise<unknown>>();
  #ended = false;

  /** @internal */
  constructor(
    userId: string,
    name: string,
    appData: object,
    camera: CameraOptions,
    sync: () => Promise<void>,
    /** Whether this client is in the audience: it only watches, and cannot publish. */
    readonly watches = false,
  ) {
    super("local", userId, name, appData);
    this.#camera = camera;
    this.#sync = sync;
  }

  /**
   * Turns the camera on or off. Opens and publishes it when it is first turned on; after that, pauses and resumes it.
   *
   * @throws CallError `camera_refused`, `no_device`, `device_in_use`, `unsupported_browser`, `muted` while a moderator mutes it,
   * `not_allowed` in the audience, `invalid_state` after the end of the call, or the server's code.
   */
  async setCamera(on: boolean, options: CameraOptions = {}): Promise<void> {
    await this.#setDevice("camera", on, () => openCamera({ ...this.#camera, ...options }));
  }

  /**
   * Turns the microphone on or off, like {@link setCamera}. The others see it as muted while it is off.
   *
   * @throws CallError `microphone_refused`, and otherwise like {@link setCamera}.
   */
  async setMicrophone(on: boolean, options: MicrophoneOptions = {}): Promise<void> {
    await this.#setDevice("microphone", on, () => openMicrophone(options));
  }

  /**
   * Starts or stops sharing a screen, a window or a tab, with its sound where the browser captures it. The browser's own button
   * also stops it.
   *
   * @throws CallError `screen_refused`, `unsupported_browser`, `not_allowed` in the audience, `invalid_state` after the end of the
   * call, or the server's code.
   */
  async setScreen(on: boolean): Promise<void> {
    await this.#enqueue("screen", async () => {
      if (!on) {
        await Promise.all([this.unpublish("screen"), this.unpublish("screen-audio")]);
        return;
      }
      if (this.publications.has("screen")) return;
      this.#requireStage();
      const { video, audio } = await openScreen();
      try {
        await this.publish(video, "screen");
      } catch (error) {
        audio?.stop();
        throw error;
      }
      if (audio) await this.publish(audio, "screen-audio");
    });
  }

  /**
   * Sends a track, in place of the previous track of this source, until `unpublish` or the end of the track.
   *
   * @throws CallError `not_allowed` in the audience, `invalid_state` after the end of the call, or the server's code.
   */
  async publish(track: MediaStreamTrack, source: Source): Promise<Publication> {
    this.#requireStage();
    await this.unpublish(source);
    if (this.#ended) {
      // The device was opened before the call ended. It must not stay open unnoticed.
      track.stop();
      throw new CallError("invalid_state", "The call has ended.");
    }
    const publication = new Publication(source, track.kind as "audio" | "video", "all", async () => {});
    if (this.mutedByModerator.has(source)) track.enabled = false;
    publication.setMuted(!track.enabled);
    this.#setTrack(publication, track);
    this.addPublication(publication);
    try {
      await this.#sync();
    } catch (error) {
      await this.unpublish(source).catch(() => undefined);
      throw error;
    }
    return publication;
  }

  /** Stops sending the source and stops its track. */
  async unpublish(source: Source): Promise<void> {
    const publication = this.publications.get(source);
    if (!publication) return;
    this.removePublication(publication);
    publication.track?.stop();
    publication.setTrack(undefined);
    await this.#sync();
  }

  /**
   * Replaces the device of a published source, without renegotiation. Does nothing if the source is not published.
   *
   * @throws CallError like {@link setCamera} and {@link setMicrophone}.
   */
  async switchDevice(source: DeviceSource, deviceId: string): Promise<void> {
    await this.#enqueue(source, async () => {
      const publication = this.publications.get(source);
      if (!publication) return;
      const previous = publication.track;
      const open = () => (source === "camera" ? openCamera({ ...this.#camera, deviceId }) : openMicrophone({ deviceId }));
      const track = await open().catch((error: CallError) => {
        // Some phones open only one camera at a time.
        if (error.code !== "device_in_use") throw error;
        previous?.stop();
        return open();
      });
      if (this.publications.get(source) !== publication) return track.stop();
      track.enabled = !publication.muted;
      this.#setTrack(publication, track);
      await this.#sync();
      previous?.stop();
    });
  }

  /** @internal A moderator muted the source: the server forwards nothing of it. */
  silence(source: Source): void {
    const publication = this.publications.get(source);
    if (!publication || publication.muted) return;
    if (publication.track) publication.track.enabled = false;
    publication.setMuted(true);
    void this.#sync().catch(() => undefined);
  }

  /** @internal Stops all tracks, including those whose device is still opening. */
  end(): void {
    this.#ended = true;
    for (const { track } of this.publications.values()) track?.stop();
  }

  #setDevice(source: DeviceSource, on: boolean, open: () => Promise<MediaStreamTrack>): Promise<void> {
    return this.#enqueue(source, async () => {
      const publication = this.publications.get(source);
      if (on) this.#requireStage();
      if (on && this.mutedByModerator.has(source)) throw new CallError("muted", "A moderator muted this.");
      if (!publication) {
        if (on) await this.publish(await open(), source);
        return;
      }
      if (publication.track) publication.track.enabled = on;
      publication.setMuted(!on);
      try {
        await this.#sync();
      } catch (error) {
        if (CallError.of(error).code === "muted") this.silence(source);
        throw error;
      }
    });
  }

  /** Before a device is opened: the server refuses what an audience sends. */
  #requireStage(): void {
    if (this.watches) throw new CallError("not_allowed", "A client in the audience sends nothing.");
  }

  /** Runs the operations of one source in order: a double click opens one device, and the last click wins. */
  async #enqueue(source: Source, operation: () => Promise<void>): Promise<void> {
    const result = (this.#lastOperation.get(source) ?? Promise.resolve()).then(operation);
    this.#lastOperation.set(source, result.catch(() => undefined));
    await result;
  }

  /** Unpublishes the track when it ends: the device was unplugged, or the user stopped sharing the screen. */
  #setTrack(publication: Publication, track: MediaStreamTrack): void {
    track.addEventListener("ended", () => {
      if (publication.track === track) void this.unpublish(publication.source).catch(() => undefined);
    });
    publication.setTrack(track);
  }
}

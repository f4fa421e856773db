/** This side's participant: what it sends is wanted here, and carried by `Media`. */

import { openCamera, openMicrophone, openScreen, type CameraOptions, type MicrophoneOptions } from "./devices.ts";
import { CallError } from "./errors.ts";
import { Participant } from "./participant.ts";
import { Publication, type Source } from "./publication.ts";

export interface LocalHost {
  /** Brings what is sent to what is wanted. */
  sync(): Promise<void>;
}

export class LocalParticipant extends Participant {
  readonly isLocal = true;
  readonly #host: LocalHost;
  readonly #camera: CameraOptions;
  /** What is under way, by source: a second wish waits for the first. */
  readonly #underWay = new Map<Source, Promise<unknown>>();
  #ended = false;

  /** @internal */
  constructor(userId: string, name: string, appData: object, camera: CameraOptions, host: LocalHost) {
    super("local", userId, name, appData);
    this.#camera = camera;
    this.#host = host;
  }

  /** The first `on` opens the camera and publishes it; after that it is paused and resumed. Throws CallError. */
  async setCamera(on: boolean, options: CameraOptions = {}): Promise<void> {
    await this.#set("camera", on, () => openCamera({ ...this.#camera, ...options }));
  }

  /** As `setCamera`. The others see it as muted. */
  async setMicrophone(on: boolean, options: MicrophoneOptions = {}): Promise<void> {
    await this.#set("microphone", on, () => openMicrophone(options));
  }

  /** Shares the screen, a window or a tab, until told not to, here or by the browser's own button. */
  async setScreen(on: boolean): Promise<void> {
    await this.#inTurn("screen", async () => {
      if (!on) {
        await Promise.all([this.unpublish("screen"), this.unpublish("screen-audio")]);
        return;
      }
      if (this.publications.has("screen")) return;
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

  /** Sends a track of the application's own, until `unpublish` or its end. Throws CallError when it cannot be sent. */
  async publish(track: MediaStreamTrack, source: Source): Promise<Publication> {
    await this.unpublish(source);
    if (this.#ended) {
      // It was asked for before, and a camera must not stay open when nobody sees that it is.
      track.stop();
      throw new CallError("invalid_state", "The call is over.");
    }
    const publication = new Publication(source, track.kind as "audio" | "video", "all", async () => {});
    publication.setMuted(!track.enabled);
    this.#carry(publication, track);
    this.addPublication(publication);
    try {
      await this.#host.sync();
    } catch (error) {
      await this.unpublish(source).catch(() => undefined);
      throw error;
    }
    return publication;
  }

  /** Sends it no longer, and stops its track. */
  async unpublish(source: Source): Promise<void> {
    const publication = this.publications.get(source);
    if (!publication) return;
    this.removePublication(publication);
    publication.track?.stop();
    publication.setTrack(undefined);
    await this.#host.sync();
  }

  /** Takes another device for what is being sent, without renegotiation. Throws CallError. */
  async switchDevice(source: "camera" | "microphone", deviceId: string): Promise<void> {
    await this.#inTurn(source, async () => {
      const publication = this.publications.get(source);
      if (!publication) return;
      const former = publication.track;
      const open = () => (source === "camera" ? openCamera({ ...this.#camera, deviceId }) : openMicrophone({ deviceId }));
      const track = await open().catch((error: CallError) => {
        // A phone has its cameras one at a time.
        if (error.code !== "device_in_use") throw error;
        former?.stop();
        return open();
      });
      if (this.publications.get(source) !== publication) return track.stop();
      track.enabled = !publication.muted;
      this.#carry(publication, track);
      await this.#host.sync();
      former?.stop();
    });
  }

  /** @internal Stops every track, those too that are being opened. */
  end(): void {
    this.#ended = true;
    for (const { track } of this.publications.values()) track?.stop();
  }

  #set(source: "camera" | "microphone", on: boolean, open: () => Promise<MediaStreamTrack>): Promise<void> {
    return this.#inTurn(source, async () => {
      const publication = this.publications.get(source);
      if (!publication) {
        if (on) await this.publish(await open(), source);
        return;
      }
      if (publication.track) publication.track.enabled = on;
      publication.setMuted(!on);
      await this.#host.sync();
    });
  }

  /** Someone who clicks twice opens one device, and the last click counts. */
  async #inTurn(source: Source, change: () => Promise<void>): Promise<void> {
    const turn = (this.#underWay.get(source) ?? Promise.resolve()).then(change);
    this.#underWay.set(source, turn.catch(() => undefined));
    await turn;
  }

  /** A device that is pulled out, or a screen whose sharing is ended, is not sent any more. */
  #carry(publication: Publication, track: MediaStreamTrack): void {
    track.addEventListener("ended", () => {
      if (publication.track === track) void this.unpublish(publication.source).catch(() => undefined);
    });
    publication.setTrack(track);
  }
}

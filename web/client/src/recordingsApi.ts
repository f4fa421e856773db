/** The HTTP routes about recordings (`docs/protocol/http.md`): for pages that list and play what was recorded. */

import type { TokenSource } from "./connection.ts";
import type { ComposeRecordingBody, Composition, Manifest, RecordingInfo, RecordingPage, RecordingTicket } from "./generated/messages.ts";
import { HttpApi, query } from "./httpApi.ts";

/** Which recordings to list. */
export interface RecordingsQuery {
  /** Only recordings of this room. Clients that are no admins have to name one. */
  callId?: string | undefined;
  /** `next` of the page before. */
  before?: number | undefined;
  /** 1 to 100 recordings; 20 when absent. */
  limit?: number | undefined;
}

/** Every function throws CallError: the server's code, or `unreachable` without an answer within 10 s. */
export class RecordingsApi {
  readonly #http: HttpApi;

  /**
   * @param options.url - Origin of the server; the page's own origin when absent.
   * @param options.path - Path of the server on its origin; `/` when absent.
   * @param options.token - API key or access tokens with the grant `record`; not needed on the server's machine.
   */
  constructor({ url, path = "/", token }: { url?: string | undefined; path?: string; token?: TokenSource | undefined } = {}) {
    this.#http = new HttpApi(url, path, {}, token);
  }

  /** Returns a page of recordings, the newest first. */
  list(filter: RecordingsQuery = {}): Promise<RecordingPage> {
    return this.#http.request("GET", `/recordings${query({ ...filter })}`);
  }

  /** Returns a recording and its files. */
  get(recordingId: string): Promise<Manifest> {
    return this.#http.request("GET", `/recordings/${recordingId}`);
  }

  /** Stops a recording that runs. */
  stop(recordingId: string): Promise<RecordingInfo> {
    return this.#http.request("POST", `/recordings/${recordingId}/stop`);
  }

  /** Asks for one file of all tracks, or returns the one that was asked for with the same options. `get` shows its progress. */
  compose(recordingId: string, options: ComposeRecordingBody = {}): Promise<Composition> {
    return this.#http.request("POST", `/recordings/${recordingId}/compositions`, options);
  }

  /** Deletes a recording that has stopped. */
  async delete(recordingId: string): Promise<void> {
    await this.#http.request("DELETE", `/recordings/${recordingId}`);
  }

  /** Returns a function that gives the address of each file of the recording, for players and links. It is valid for 12 hours. */
  async addresses(recordingId: string): Promise<(file: string) => string> {
    const { ticket } = await this.#http.request<RecordingTicket>("POST", `/recordings/${recordingId}/ticket`);
    return (file) => `${this.#http.root}/recordings/${recordingId}/files/${file}${query({ ticket })}`;
  }
}

/** The HTTP routes about calls (`docs/protocol/http.md`). */

import type { TokenSource } from "./connection.ts";
import type { CallInfo, CallList, JoinedCall, PresenceList, RoomParticipants, StartCallBody } from "./generated/messages.ts";
import { HttpApi, query } from "./httpApi.ts";

/** Which calls to list. */
export interface HistoryQuery {
  /** Only calls of this group; its live call is listed for users outside of it, too. */
  groupId?: string;
  state?: "ringing" | "active" | "ended";
  /** Only calls that the user missed. */
  missed?: boolean;
  /** `next` of the page before. */
  before?: number;
  /** 1 to 100 calls of the history; 20 when absent. */
  limit?: number;
}

/** Every function throws CallError: the server's code, or `unreachable` without an answer within 10 s. */
export class CallsApi {
  readonly #http: HttpApi;

  /**
   * @param url - Origin of the server; the page's own origin when undefined.
   * @param path - Path of the server on its origin.
   * @param userId - As whom to act.
   * @param token - The user's access tokens; undefined for a server without them.
   */
  constructor(url: string | undefined, path: string, userId: string, token?: TokenSource) {
    this.#http = new HttpApi(url, path, { "X-User-Id": headerValue(userId) }, token);
  }

  start(body: StartCallBody): Promise<CallInfo> {
    return this.#http.request("POST", "/calls", body);
  }

  list(filter: HistoryQuery): Promise<CallList> {
    return this.#http.request("GET", `/calls${query({ ...filter })}`);
  }

  get(callId: string): Promise<CallInfo> {
    return this.#http.request("GET", `/calls/${callId}`);
  }

  join(callId: string): Promise<JoinedCall> {
    return this.#http.request("POST", `/calls/${callId}/join`);
  }

  leave(callId: string): Promise<CallInfo> {
    return this.#http.request("POST", `/calls/${callId}/leave`);
  }

  end(callId: string): Promise<CallInfo> {
    return this.#http.request("POST", `/calls/${callId}/end`);
  }

  participants(callId: string): Promise<RoomParticipants> {
    return this.#http.request("GET", `/calls/${callId}/participants`);
  }

  presence(userIds: readonly string[]): Promise<PresenceList> {
    return this.#http.request("GET", `/presence?${new URLSearchParams(userIds.map((userId) => ["userId", userId]))}`);
  }
}

/** Encodes text for a header in UTF-8: `fetch` takes one character for each byte. */
function headerValue(text: string): string {
  return String.fromCharCode(...new TextEncoder().encode(text));
}

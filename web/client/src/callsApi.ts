/** The HTTP routes about calls (`docs/protocol/http.md`). */

import type { TokenSource } from "./connection.ts";
import { CallError } from "./errors.ts";
import type { CallInfo, CallList, ErrorReply, JoinedCall, PresenceList, RoomParticipants, StartCallBody } from "./generated/messages.ts";
import { unreachable } from "./signaling.ts";

const REQUEST_TIMEOUT_MS = 10_000;

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
  readonly #root: string;
  readonly #userId: string;

  /**
   * @param url - Origin of the server; the page's own origin when undefined.
   * @param path - Path of the server on its origin.
   * @param userId - As whom to act.
   * @param token - The user's access tokens; undefined for a server without them.
   */
  constructor(
    url: string | undefined,
    path: string,
    userId: string,
    private readonly token?: TokenSource,
  ) {
    this.#root = `${url?.replace(/\/+$/, "") ?? ""}${path.replace(/\/+$/, "")}`;
    this.#userId = headerValue(userId);
  }

  start(body: StartCallBody): Promise<CallInfo> {
    return this.#request("POST", "/calls", body);
  }

  list(query: HistoryQuery): Promise<CallList> {
    const given = Object.entries(query).filter(([, value]) => value !== undefined);
    return this.#request("GET", `/calls?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}`);
  }

  get(callId: string): Promise<CallInfo> {
    return this.#request("GET", `/calls/${callId}`);
  }

  join(callId: string): Promise<JoinedCall> {
    return this.#request("POST", `/calls/${callId}/join`);
  }

  leave(callId: string): Promise<CallInfo> {
    return this.#request("POST", `/calls/${callId}/leave`);
  }

  end(callId: string): Promise<CallInfo> {
    return this.#request("POST", `/calls/${callId}/end`);
  }

  participants(callId: string): Promise<RoomParticipants> {
    return this.#request("GET", `/calls/${callId}/participants`);
  }

  presence(userIds: readonly string[]): Promise<PresenceList> {
    return this.#request("GET", `/presence?${new URLSearchParams(userIds.map((userId) => ["userId", userId]))}`);
  }

  async #request<Answer>(method: "GET" | "POST", route: string, body?: object): Promise<Answer> {
    let status: number;
    let answer: unknown;
    try {
      const token = await this.token?.();
      const response = await fetch(this.#root + route, {
        method,
        headers: { "X-User-Id": this.#userId, ...(token && { Authorization: `Bearer ${token}` }), ...(body && { "Content-Type": "application/json" }) },
        ...(body && { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      });
      status = response.status;
      answer = await response.json();
    } catch (error) {
      throw unreachable(error);
    }
    if (status < 400) return answer as Answer;
    const { error } = answer as Partial<ErrorReply>;
    throw error?.code ? CallError.ofReply({ error }) : new CallError("no_calls", "The server has no routes for calls.");
  }
}

/** Encodes text for a header in UTF-8: `fetch` takes one character for each byte. */
function headerValue(text: string): string {
  return String.fromCharCode(...new TextEncoder().encode(text));
}

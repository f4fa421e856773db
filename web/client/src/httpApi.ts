/** Requests to the server's HTTP routes (`docs/protocol/http.md`). */

import type { TokenSource } from "./connection.ts";
import { CallError } from "./errors.ts";
import type { ErrorReply } from "./generated/messages.ts";
import { unreachable } from "./signaling.ts";

const REQUEST_TIMEOUT_MS = 10_000;

export class HttpApi {
  /** Without a trailing slash. */
  readonly root: string;

  /**
   * @param url - Origin of the server; the page's own origin when undefined.
   * @param path - Path of the server on its origin.
   * @param headers - Sent with each request.
   * @param token - The bearer tokens; undefined for a server that needs none.
   */
  constructor(
    url: string | undefined,
    path: string,
    private readonly headers: Readonly<Record<string, string>>,
    private readonly token?: TokenSource,
  ) {
    this.root = `${url?.replace(/\/+$/, "") ?? ""}${path.replace(/\/+$/, "")}`;
  }

  /** @throws CallError with the server's code, or `unreachable` without an answer within 10 s. */
  async request<Answer>(method: "GET" | "POST" | "DELETE", route: string, body?: object): Promise<Answer> {
    let status: number;
    let answer: unknown;
    try {
      const token = await this.token?.();
      const response = await fetch(this.root + route, {
        method,
        headers: { ...this.headers, ...(token && { Authorization: `Bearer ${token}` }), ...(body && { "Content-Type": "application/json" }) },
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
    throw error?.code ? CallError.ofReply({ error }) : new CallError("no_calls", "The server does not have this route.");
  }
}

/** Returns the query string of the parameters that are defined, with its question mark; empty without any. */
export function query(parameters: Readonly<Record<string, string | number | boolean | undefined>>): string {
  const given = Object.entries(parameters).filter(([, value]) => value !== undefined);
  return given.length === 0 ? "" : `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}`;
}

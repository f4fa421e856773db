/** Errors with stable codes. */

import type { ErrorReply } from "./generated/messages.ts";

/** Codes of errors that occur in this client, before the server is asked. */
export type LocalCode =
  | "camera_refused"
  | "microphone_refused"
  | "screen_refused"
  | "no_device"
  | "device_in_use"
  | "unsupported_browser"
  | "no_calls"
  | "unreachable";

export class CallError extends Error {
  override readonly name = "CallError";

  /**
   * @param code - A {@link LocalCode}, `invalid_state`, `cancelled`, `internal`, or a code of the server, such as
   * `room_not_found`, `quota_exceeded` or `unavailable`.
   * @param retryable - Whether the same request may succeed later.
   * @param cause - The original error.
   */
  constructor(
    readonly code: string,
    message: string,
    readonly retryable = false,
    override readonly cause?: unknown,
  ) {
    super(message);
  }

  /** Converts any error. Errors that are not CallErrors get the code `internal`. */
  static of(error: unknown): CallError {
    if (error instanceof CallError) return error;
    return new CallError("internal", error instanceof Error ? error.message : String(error), false, error);
  }

  /** The error of a server's answer. */
  static ofReply({ error }: ErrorReply): CallError {
    return new CallError(error.code, error.message, error.retryable);
  }
}

const DEVICE_CODES: Record<string, LocalCode> = {
  NotFoundError: "no_device",
  OverconstrainedError: "no_device",
  NotReadableError: "device_in_use",
  AbortError: "device_in_use",
};

/** Converts an error of getUserMedia or getDisplayMedia (https://w3c.github.io/mediacapture-main/#dom-mediadevices-getusermedia). */
export function deviceError(device: "camera" | "microphone" | "screen", error: unknown): CallError {
  const name = error instanceof Error ? error.name : "";
  const code = DEVICE_CODES[name] ?? (name === "TypeError" ? "unsupported_browser" : (`${device}_refused` as const));
  const message = code === "unsupported_browser" ? "This browser cannot open it." : error instanceof Error ? error.message : String(error);
  return new CallError(code, message, false, error);
}

/** Objects of one kind that this client has dropped: the server is asked to close each until it has answered. */

import { CallError } from "./errors.ts";

export class Closes {
  /** Ids, each with the request that is under way. */
  readonly #pending = new Map<string, Promise<CallError | undefined> | undefined>();

  /** @param request - Asks the server to close one. */
  constructor(private readonly request: (id: string) => Promise<unknown>) {}

  add(id: string): void {
    if (!this.#pending.has(id)) this.#pending.set(id, undefined);
  }

  /** Asks for all that are pending. Returns an error after which to ask again; what the server refuses for good is done. */
  async perform(): Promise<CallError | undefined> {
    const answers = await Promise.all([...this.#pending.keys()].map((id) => this.#close(id)));
    return answers.find((error) => error !== undefined);
  }

  #close(id: string): Promise<CallError | undefined> {
    const answer = this.#pending.get(id) ?? this.#ask(id);
    this.#pending.set(id, answer);
    return answer;
  }

  async #ask(id: string): Promise<CallError | undefined> {
    const error = await this.request(id).then(() => undefined, CallError.of);
    if (error?.retryable) {
      this.#pending.set(id, undefined);
      return error;
    }
    this.#pending.delete(id);
    return undefined;
  }
}

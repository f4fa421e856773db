/**
 * Calls of a user: rings, answers, presence and history. A call's media is a {@link Call} in the room of its `callId`.
 *
 * - The server decides. Its events change the calls that this device follows; a lost connection makes the rings unknown, and the
 *   server rings again for those that are live.
 * - The server says how long a ring lasts: it ends on this device also without a connection. Clocks are not compared.
 */

import type { CallOptions } from "./callOptions.ts";
import { CallsApi, type HistoryQuery } from "./callsApi.ts";
import type { CallsEvents, CallsOptions, RingPushes, StartCall } from "./callsOptions.ts";
import {
  afterPush,
  callsTransitions,
  liveCallTransitions,
  next,
  type CallsState,
  type CallsStateEvent,
  type LiveCall,
  type LiveCallEnd,
  type LiveCallEvent,
} from "./callsState.ts";
import { Connection } from "./connection.ts";
import { Emitter } from "./emitter.ts";
import { CallError } from "./errors.ts";
import type { CallInfo, CallList, CallPushes, CallRequests, JoinedCall, RoomParticipants, UserPresence } from "./generated/messages.ts";
import { randomId } from "./randomId.ts";
import { Signaling } from "./signaling.ts";

type Presence = CallRequests["setPresence"][0]["status"];

const PUSHES: readonly (keyof RingPushes)[] = [
  "incomingCall",
  "callAccepted",
  "callDeclined",
  "callCancelled",
  "callMissed",
  "callEnded",
  "participantJoined",
  "participantLeft",
  "message",
];

export class Calls extends Emitter<CallsEvents> {
  readonly userId: string;
  readonly #name: string;
  readonly #connection: Connection;
  readonly #deviceId: string;
  readonly #api: CallsApi;
  #signaling: Signaling<CallRequests, CallPushes> | undefined;
  #state: CallsState = "idle";
  #refusal: CallError | undefined;
  #presence: Presence = "online";
  #live: ReadonlyMap<string, LiveCall> = new Map();
  readonly #ringTimers = new Map<string, ReturnType<typeof setTimeout>>();
  /** Calls that the server mentioned while this device was starting or joining one: their events came before the answer. */
  readonly #mentioned = new Set<string>();
  #entering = 0;

  /** Prepares without connecting. */
  constructor(options: CallsOptions) {
    super();
    this.userId = options.userId;
    this.#name = options.name ?? options.userId;
    this.#deviceId = options.deviceId ?? randomId();
    this.#connection = new Connection(options.url, options.path, options.token);
    this.#api = new CallsApi(options.url, options.path ?? "/", options.userId, options.token);
  }

  get state(): CallsState {
    return this.#state;
  }

  /** Why the server refuses this user, while the state is `refused`. */
  get refusal(): CallError | undefined {
    return this.#refusal;
  }

  /** The calls that ring here or that this device has entered, by id, the oldest first. Every change creates a new map. */
  get live(): ReadonlyMap<string, LiveCall> {
    return this.#live;
  }

  /** Connects, so that the server can ring this device. Reconnects until `close`. */
  open(): void {
    if (!this.#transition("open")) return;
    const signaling = new Signaling<CallRequests, CallPushes>(this.#connection, "/calls", { userId: this.userId, deviceId: this.#deviceId });
    this.#signaling = signaling;
    signaling.onConnected(() => this.#onConnected());
    signaling.onDisconnected((refusal) => this.#onDisconnected(refusal));
    for (const event of PUSHES) signaling.on(event, (push) => this.#onPush(event, push));
    void signaling.connect();
  }

  /** Disconnects. The rooms of its calls stay open: leave those first. */
  close(): void {
    if (!this.#transition("close")) return;
    this.#signaling?.close();
    for (const timer of this.#ringTimers.values()) clearTimeout(timer);
    this.#ringTimers.clear();
    this.#live = new Map();
    this.notify();
  }

  /** The options of the {@link Call} that enters the room of a call, over the same connection. */
  roomOptions(callId: string): Required<Pick<CallOptions, "connection" | "room" | "userId" | "name">> {
    return { connection: this.#connection, room: callId, userId: this.userId, name: this.#name };
  }

  /**
   * Calls users or a group, or enters the live call of the same users or group. The others ring until they answer, at most for the
   * server's ringing time. Whoever starts a call has to join its room at once.
   *
   * @returns The call. It is `ended` if all were busy.
   * @throws CallError.
   */
  start(request: StartCall): Promise<CallInfo> {
    return this.#enter(() => this.#api.start({ displayName: this.#name, ...request }));
  }

  /**
   * Answers a ring. The first device of the user that does has answered.
   *
   * @throws CallError `conflict`: another device has answered. The call goes on ringing after an error that is retryable.
   */
  async accept(callId: string): Promise<JoinedCall> {
    if (!this.#move(callId, "accept")) throw new CallError("invalid_state", "The call does not ring on this device.");
    try {
      const joined = await this.#request("accept", { callId });
      this.#move(callId, "accepted", joined.call);
      return joined;
    } catch (error) {
      const reason = CallError.of(error);
      if (reason.retryable) this.#ringAgain(callId);
      else if (reason.code === "conflict") this.#finish(callId, "elsewhere", "elsewhere");
      else this.#finish(callId, "end", "cancelled");
      throw reason;
    }
  }

  /** Declines a ring, on all devices of the user. @throws CallError. */
  async decline(callId: string): Promise<void> {
    await this.#request("decline", { callId });
    this.#finish(callId, "end", "declined");
  }

  /** Stops the ring on this device only: nobody is told. @throws CallError. */
  async ignore(callId: string): Promise<void> {
    await this.#request("ignore", { callId });
    this.#finish(callId, "end", "ignored");
  }

  /** Takes back a call that nobody has answered. @throws CallError `invalid_state`: somebody has. */
  async cancel(callId: string): Promise<void> {
    await this.#request("cancel", { callId });
    this.#finish(callId, "end", "cancelled");
  }

  /** Enters a live call, also on a second device. @throws CallError. */
  async join(callId: string): Promise<CallInfo> {
    return this.#enter(async () => (await this.#api.join(callId)).call);
  }

  /** Leaves a call. {@link Call.leave} does the same for a call whose room was joined. @throws CallError. */
  async leave(callId: string): Promise<void> {
    await this.#api.leave(callId);
    this.#finish(callId, "end", "left");
  }

  /** Gives up a call that the user has started: cancels it, or leaves it if somebody has answered. @throws CallError. */
  async hangUp(callId: string): Promise<void> {
    if (this.#live.get(callId)?.state !== "calling") return this.leave(callId);
    try {
      await this.cancel(callId);
    } catch (error) {
      if (CallError.of(error).code !== "invalid_state") throw error;
      await this.leave(callId);
    }
  }

  /** Ends a call for everybody. @throws CallError `not_allowed` for a group's call that another user started. */
  async end(callId: string): Promise<void> {
    await this.#api.end(callId);
    this.#finish(callId, "end", "ended");
  }

  /** A call, live or from the history. @throws CallError `not_found`. */
  async get(callId: string): Promise<CallInfo> {
    return this.#api.get(callId);
  }

  /** A page of the user's calls, the newest first. @throws CallError. */
  async history(query: HistoryQuery = {}): Promise<CallList> {
    return this.#api.list(query);
  }

  /** The live call of a group. @throws CallError. */
  async groupCall(groupId: string): Promise<CallInfo | undefined> {
    // A group's call is active from its start.
    return (await this.#api.list({ groupId, state: "active", limit: 1 })).calls[0];
  }

  /** Who is in the room of a call. @throws CallError. */
  async participants(callId: string): Promise<RoomParticipants["participants"]> {
    return (await this.#api.participants(callId)).participants;
  }

  /** Whether users can be reached, at most 100, in the order of their ids. @throws CallError. */
  async presence(userIds: readonly string[]): Promise<UserPresence[]> {
    return (await this.#api.presence(userIds)).users;
  }

  /**
   * Sets the status of this device. It is kept across reconnects.
   *
   * @returns The presence of the user, of all devices.
   * @throws CallError.
   */
  async setPresence(status: Presence): Promise<UserPresence> {
    this.#presence = status;
    return this.#request("setPresence", { status });
  }

  /**
   * Sends data of the application to users, at most 8 KiB of JSON: `message` on their connected devices, and on the other devices
   * of this user. Nothing is stored.
   *
   * @returns How many devices got it; 0 if nobody is connected.
   * @throws CallError.
   */
  async sendMessage(message: CallRequests["sendMessage"][0]): Promise<number> {
    return (await this.#request("sendMessage", message)).devices;
  }

  #request<E extends keyof CallRequests>(event: E, request: CallRequests[E][0]): Promise<CallRequests[E][1]> {
    if (!this.#signaling) return Promise.reject(new CallError("invalid_state", "Call open() first."));
    return this.#signaling.request(event, request);
  }

  #onConnected(): void {
    this.#transition("connected");
    if (this.#presence !== "online") void this.setPresence(this.#presence).catch(() => undefined);
    for (const [callId, { state }] of this.#live) {
      if (state === "ringing") this.#forget(callId);
      else if (state !== "answering") void this.#refresh(callId);
    }
  }

  #onDisconnected(refusal: CallError | undefined): void {
    if (!refusal) return void this.#transition("lost");
    this.#refusal = refusal;
    this.#signaling?.close();
    this.#transition("refused");
  }

  /** Learns what happened to a call while there was no connection. */
  async #refresh(callId: string): Promise<void> {
    try {
      const info = await this.#api.get(callId);
      const own = info.participants.find(({ userId }) => userId === this.userId);
      if (info.state === "ended") this.#finish(callId, "end", info.endReason ?? "other", info);
      else if (own?.state === "left") this.#finish(callId, "end", "left", info);
      else if (info.state !== "active" || !this.#move(callId, "answered", info)) this.#update(callId, info);
    } catch (error) {
      if (CallError.of(error).code === "not_found") this.#finish(callId, "end", "other");
    }
  }

  #onPush<E extends keyof RingPushes>(event: E, push: RingPushes[E]): void {
    if ("call" in push) this.#onRing(push);
    else if ("callId" in push) this.#onChange(event, push);
    this.emit(event, ...([push] as Parameters<CallsEvents[E]>));
  }

  #onRing({ call: info, ringFor }: CallPushes["incomingCall"]): void {
    const { callId } = info;
    // A ring that was replayed: this device is answering it, or takes part already.
    if (this.#live.has(callId)) return;
    this.#put({ state: "ringing", info });
    const timer = setTimeout(() => {
      this.#ringTimers.delete(callId);
      if (this.#live.get(callId)?.state === "ringing") this.#finish(callId, "end", "missed");
    }, ringFor);
    this.#ringTimers.set(callId, timer);
  }

  /** Accepting failed, but may succeed later, unless the ring has ended meanwhile. */
  #ringAgain(callId: string): void {
    if (this.#ringTimers.has(callId)) this.#move(callId, "failed");
    else this.#finish(callId, "end", "missed");
  }

  #onChange(event: keyof RingPushes, push: Extract<RingPushes[keyof RingPushes], { callId: string }>): void {
    const { callId } = push;
    if (this.#entering > 0) this.#mentioned.add(callId);
    const call = this.#live.get(callId);
    if (!call) return;
    const own = "userId" in push && push.userId === this.userId;
    this.#update(callId, afterPush(call.info, event, push));
    if (event === "callEnded") this.#finish(callId, "end", (push as RingPushes["callEnded"]).reason);
    else if (event === "callCancelled") this.#finish(callId, "end", "cancelled");
    else if (event === "participantLeft" && own) this.#finish(callId, "end", "left");
    else if (event === "callMissed" && own) this.#finish(callId, "end", "missed");
    else if ("elsewhere" in push && push.elsewhere) this.#finish(callId, "elsewhere", "elsewhere");
    else if (event === "callAccepted" && !own) this.#move(callId, "answered");
  }

  /** Starts or joins a call, and follows it. Asks for it once more if it changed meanwhile. */
  async #enter(request: () => Promise<CallInfo>): Promise<CallInfo> {
    this.#entering += 1;
    try {
      let info = await request();
      if (this.#mentioned.has(info.callId)) info = await this.#api.get(info.callId);
      if (info.state !== "ended") this.#put({ state: info.state === "ringing" ? "calling" : "active", info });
      return info;
    } finally {
      this.#entering -= 1;
      if (this.#entering === 0) this.#mentioned.clear();
    }
  }

  #put(call: LiveCall): void {
    this.#stopTimer(call.info.callId);
    if (this.#state !== "closed") this.#set(new Map(this.#live).set(call.info.callId, call));
  }

  #update(callId: string, info: CallInfo): void {
    const call = this.#live.get(callId);
    if (call && call.info !== info) this.#set(new Map(this.#live).set(callId, { ...call, info }));
  }

  /** Returns whether the transition table has a transition for `event`. */
  #move(callId: string, event: LiveCallEvent, info?: CallInfo): boolean {
    const call = this.#live.get(callId);
    const state = call && next(liveCallTransitions, call.state, event);
    if (!state) return false;
    if (event === "accepted") this.#stopTimer(callId);
    this.#set(new Map(this.#live).set(callId, { state, info: info ?? call.info }));
    return true;
  }

  #finish(callId: string, event: "end" | "elsewhere", reason: LiveCallEnd, info?: CallInfo): void {
    if (!this.#move(callId, event, info)) return;
    const call = this.#live.get(callId) as LiveCall;
    this.#forget(callId);
    this.emit("callOver", call, reason);
  }

  #forget(callId: string): void {
    this.#stopTimer(callId);
    const live = new Map(this.#live);
    live.delete(callId);
    this.#set(live);
  }

  #set(live: ReadonlyMap<string, LiveCall>): void {
    this.#live = live;
    this.notify();
  }

  #stopTimer(callId: string): void {
    clearTimeout(this.#ringTimers.get(callId));
    this.#ringTimers.delete(callId);
  }

  #transition(event: CallsStateEvent): boolean {
    const previous = this.#state;
    const state = next(callsTransitions, previous, event);
    if (state === undefined) return false;
    this.#state = state;
    if (state !== "refused") this.#refusal = undefined;
    this.emit("state", state, previous);
    this.notify();
    return true;
  }
}

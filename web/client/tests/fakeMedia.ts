/** Stands for the browser's WebRTC, and for what the server offers to it. */

import { FakeMediaStreamTrack } from "fake-mediastreamtrack";
import { Device } from "mediasoup-client";
import * as fakeParameters from "mediasoup-client/fakeParameters";
import { FakeHandler } from "mediasoup-client/handlers/FakeHandler";
import type { HandlerFactory } from "mediasoup-client/handlers/HandlerInterface";

import type { Consumed } from "../src/generated/messages.ts";

/** Those of all transports, in the order in which they were made. */
export const handlers: FakeHandler[] = [];
const directions = new WeakMap<FakeHandler, "send" | "recv">();

/** The number of STUN and TURN servers that each of them may use. */
export const iceServers: number[] = [];

/** Those of send transports. */
export function sendHandlers(): FakeHandler[] {
  return handlers.filter((handler) => directions.get(handler) === "send");
}

/** Whether each encoding of a video is sent, of every sender in the order in which they were made. All have three encodings. */
export const activeEncodings: boolean[][] = [];

export function newDevice(): Device {
  return new Device({ handlerFactory: connectingFactory(FakeHandler.createFactory(fakeParameters)) });
}

export function track(kind: "audio" | "video"): MediaStreamTrack {
  return new FakeMediaStreamTrack({ kind }) as unknown as MediaStreamTrack;
}

/** The server's offer of a camera. */
export function consumedCamera(producerId: string): Consumed {
  const parameters = fakeParameters.generateConsumerRemoteParameters({ codecMimeType: "video/VP8" });
  return { ...parameters, producerId, type: "simulcast", producerPaused: false, appData: {} };
}

/** A handler factory whose transports connect 5 ms after the request. */
function connectingFactory(factory: HandlerFactory): HandlerFactory {
  return {
    ...factory,
    factory: (options) => {
      const handler = factory.factory(options) as FakeHandler;
      handlers.push(handler);
      iceServers.push(options.iceServers?.length ?? 0);
      directions.set(handler, options.direction);
      addEncodings(handler);
      handler.on("@connect", () => setTimeout(() => handler.setConnectionState("connected"), 5));
      return handler;
    },
  };
}

function addEncodings(handler: FakeHandler): void {
  const send = handler.send.bind(handler);
  handler.send = async (options) => {
    const sent = await send(options);
    if (options.track.kind === "audio") return sent;
    const index = activeEncodings.push(options.encodings?.map(({ active }) => active !== false) ?? [true, true, true]) - 1;
    const rtpSender = {
      getParameters: () => ({ encodings: activeEncodings[index]?.map((active) => ({ active })) }),
      setParameters: async ({ encodings }: { encodings: { active: boolean }[] }) => {
        activeEncodings[index] = encodings.map(({ active }) => active);
      },
    } as unknown as RTCRtpSender;
    return { ...sent, rtpSender };
  };
}

/** Encoding options of a track. */

import type { types } from "mediasoup-client";

import type { Source } from "./publication.ts";

export type VideoCodec = "vp8" | "vp9" | "h264" | "av1";

export interface SendOptions {
  simulcast: boolean;
  /** The first codec that browser and server support when undefined. */
  codec: VideoCodec | undefined;
}

/** Bits per second for each pixel of a 30 fps picture; enough for VP8. */
const BITS_PER_PIXEL = 1.7;
const MIN_LAYER_HEIGHT = 180;

/**
 * Returns up to three simulcast layers, smallest first. A layer whose shorter side would be under 180 pixels is left out.
 *
 * @param width - Width of the captured picture in pixels.
 * @param height - Height of the captured picture in pixels.
 */
export function simulcastEncodings(width: number, height: number): RTCRtpEncodingParameters[] {
  const scales = [4, 2, 1].filter((scale) => scale === 1 || Math.min(width, height) / scale >= MIN_LAYER_HEIGHT);
  return scales.map((scale) => ({
    scaleResolutionDownBy: scale,
    maxBitrate: Math.round((width * height * BITS_PER_PIXEL) / scale ** 1.5 / 1000) * 1000,
  }));
}

/**
 * Returns the options of mediasoup-client's `transport.produce` for a track. Only a camera is sent with simulcast.
 *
 * @throws Error when `options.codec` is not supported by both the browser and the server.
 */
export function produceOptions(
  track: MediaStreamTrack,
  source: Source,
  options: SendOptions,
  capabilities: types.RtpCapabilities,
): Partial<types.ProducerOptions> {
  // Browsers add FEC as soon as packets are lost, at their own end or, as the node reports, at a receiver.
  if (track.kind === "audio") return { codecOptions: { opusFec: true } };
  const mimeType = `video/${options.codec}`;
  const codec = capabilities.codecs?.find((one) => one.mimeType.toLowerCase() === mimeType);
  if (options.codec && !codec) throw new Error(`The browser and the server do not both support the codec ${options.codec}.`);
  const { width = 1280, height = 720 } = track.getSettings();
  const encodings = options.simulcast && source === "camera" ? simulcastEncodings(width, height) : [];
  return {
    codecOptions: { videoGoogleStartBitrate: 1000 },
    ...(codec ? { codec } : {}),
    ...(encodings.length > 1 ? { encodings } : {}),
  };
}

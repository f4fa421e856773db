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
const MIN_SCREEN_LAYER_HEIGHT = 360;

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
 * Returns two simulcast layers of a screen, smallest first. Text needs its resolution more than its frame rate, so the smaller layer
 * has half the resolution and few frames; a screen that is small already has one layer.
 *
 * @param width - Width of the captured picture in pixels.
 * @param height - Height of the captured picture in pixels.
 */
export function screenEncodings(width: number, height: number): RTCRtpEncodingParameters[] {
  if (Math.min(width, height) / 2 < MIN_SCREEN_LAYER_HEIGHT) return [];
  return [
    { scaleResolutionDownBy: 2, maxBitrate: 400_000, maxFramerate: 5 },
    { scaleResolutionDownBy: 1, maxBitrate: 2_500_000 },
  ];
}

/**
 * Returns the options of mediasoup-client's `transport.produce` for a track.
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
  const encodings = options.simulcast ? (source === "screen" ? screenEncodings : simulcastEncodings)(width, height) : [];
  return {
    codecOptions: { videoGoogleStartBitrate: 1000 },
    ...(codec ? { codec } : {}),
    ...(encodings.length > 1 ? { encodings } : {}),
  };
}

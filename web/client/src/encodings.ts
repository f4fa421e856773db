/** How a track is sent. */

import type { types } from "mediasoup-client";

import type { Source } from "./publication.ts";

export type VideoCodec = "vp8" | "vp9" | "h264" | "av1";

export interface SendOptions {
  simulcast: boolean;
  codec: VideoCodec | undefined;
}

/** Bits per second of a picture of this many pixels, 30 times a second, by a codec of VP8's strength. */
const BITS_PER_PIXEL = 1.7;
const LOWEST_USEFUL_HEIGHT = 180;

/** Three sizes of a picture that is large enough, else two, else one; the smallest first, as the server expects them. */
export function simulcastEncodings(width: number, height: number): RTCRtpEncodingParameters[] {
  const scales = [4, 2, 1].filter((scale) => scale === 1 || Math.min(width, height) / scale >= LOWEST_USEFUL_HEIGHT);
  return scales.map((scale) => ({
    scaleResolutionDownBy: scale,
    maxBitrate: Math.round((width * height * BITS_PER_PIXEL) / scale ** 1.5 / 1000) * 1000,
  }));
}

/** What `transport.produce` is told beyond the track. Throws Error when no such codec is shared. */
export function produceOptions(
  track: MediaStreamTrack,
  source: Source,
  { simulcast, codec: wanted }: SendOptions,
  capabilities: types.RtpCapabilities,
): Partial<types.ProducerOptions> {
  if (track.kind === "audio") return {};
  const mimeType = `video/${wanted}`;
  const codec = capabilities.codecs?.find((one) => one.mimeType.toLowerCase() === mimeType);
  if (wanted && !codec) throw new Error(`This browser and the server share no codec ${wanted}.`);
  const { width = 1280, height = 720 } = track.getSettings();
  const encodings = simulcast && source === "camera" ? simulcastEncodings(width, height) : [];
  return {
    codecOptions: { videoGoogleStartBitrate: 1000 },
    ...(codec ? { codec } : {}),
    ...(encodings.length > 1 ? { encodings } : {}),
  };
}

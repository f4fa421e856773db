/** When a new consumer can take the place of one that still plays. */

import type { types } from "mediasoup-client";

/** A consumer that delivers nothing for so long takes over all the same, in milliseconds. */
const DELIVERY_TIMEOUT_MS = 3_000;
const INTERVAL_MS = 40;
/** As much as a browser buffers before it plays. */
const AUDIO_PACKETS = 5;

/**
 * Waits until the browser has what it needs to play a consumer without a gap: a decoded frame of video, or 100 ms of audio.
 *
 * @param isPointless - Whether to wait no longer, such as after the end of the former consumer.
 */
export async function untilDelivered(consumer: types.Consumer, isPointless: () => boolean): Promise<void> {
  const deadline = performance.now() + DELIVERY_TIMEOUT_MS;
  while (!consumer.closed && !isPointless() && performance.now() < deadline) {
    if (await delivers(consumer)) return;
    await new Promise((resolve) => setTimeout(resolve, INTERVAL_MS));
  }
}

async function delivers(consumer: types.Consumer): Promise<boolean> {
  try {
    const reports = [...(await consumer.getStats()).values()] as Record<string, unknown>[];
    const stream = reports.find(({ type }) => type === "inbound-rtp");
    return consumer.kind === "video" ? Number(stream?.["framesDecoded"]) > 0 : Number(stream?.["packetsReceived"]) >= AUDIO_PACKETS;
  } catch {
    return false;
  }
}

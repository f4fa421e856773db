/** Which encodings of a video a client sends. */

import type { types } from "mediasoup-client";

/**
 * Starts and stops encodings of a producer. Does nothing when they are as wanted already: every change restarts the encoder.
 * mediasoup-client has methods for a limit and for what holds for all encodings, but none for one encoding, so the sender is asked.
 *
 * @param wanted - Each encoding, in the order of the producer's RTP parameters.
 */
export async function setActiveEncodings({ rtpSender }: types.Producer, wanted: readonly boolean[]): Promise<void> {
  const parameters = rtpSender?.getParameters();
  if (!rtpSender || !parameters || parameters.encodings.length !== wanted.length) return;
  if (parameters.encodings.every(({ active }, index) => active === wanted[index])) return;
  parameters.encodings.forEach((encoding, index) => (encoding.active = wanted[index] ?? true));
  await rtpSender.setParameters(parameters);
}

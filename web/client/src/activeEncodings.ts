/** Which encodings of a video a client sends. */

import type { types } from "mediasoup-client";

/**
 * Starts and stops encodings of a producer. Does nothing when they are as wanted already: every change restarts the encoder.
 * mediasoup-client has methods for a limit and for what holds for all encodings, but none for one encoding, so the sender is asked.
 *
 * @param wanted - Each encoding, in the order of the producer's RTP parameters; `undefined`: all.
 */
export async function setActiveEncodings({ rtpSender }: types.Producer, wanted: readonly boolean[] | undefined): Promise<void> {
  const parameters = rtpSender?.getParameters();
  if (!rtpSender || !parameters || (wanted && parameters.encodings.length !== wanted.length)) return;
  const isWanted = (index: number) => wanted?.[index] ?? true;
  if (parameters.encodings.every(({ active }, index) => active === isWanted(index))) return;
  parameters.encodings.forEach((encoding, index) => (encoding.active = isWanted(index)));
  await rtpSender.setParameters(parameters);
}

/** The options of a producer that sends nothing until {@link setActiveEncodings}. */
export function inactive(options: Partial<types.ProducerOptions>): Partial<types.ProducerOptions> {
  return { ...options, encodings: (options.encodings ?? [{}]).map((encoding) => ({ ...encoding, active: false })) };
}

/** The RTP parameters without what changes: whether each encoding is sent. */
export function withoutActive(parameters: types.RtpParameters): types.RtpParameters {
  const encodings = parameters.encodings?.map(({ active: _, ...encoding }: types.RtpEncodingParameters & { active?: boolean }) => encoding);
  return { ...parameters, ...(encodings ? { encodings } : {}) };
}

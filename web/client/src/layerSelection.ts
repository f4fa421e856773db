/** The choice of a spatial layer by the size at which a video is shown. */

export interface Size {
  width: number;
  height: number;
}

/** A picture may be enlarged by this factor before a higher layer is worth its bitrate. */
const MAX_ENLARGEMENT = 1.2;

/**
 * Returns the lowest spatial layer that fills an element without blur. Each layer has twice the width and height of the one below,
 * as in mediasoup-client's and the browsers' scalability modes.
 *
 * @param shown - Size of the element in device pixels.
 * @param received - Size of the picture that arrives now.
 * @param receivedLayer - Spatial layer of that picture, from 0, the lowest.
 * @param layers - Number of spatial layers that are sent.
 */
export function spatialLayerFor(shown: Size, received: Size, receivedLayer: number, layers: number): number {
  const enlargement = Math.max(shown.width / received.width, shown.height / received.height);
  const above = Math.ceil(Math.log2(enlargement / MAX_ENLARGEMENT));
  return Math.min(Math.max(receivedLayer + above, 0), layers - 1);
}

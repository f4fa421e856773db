/** Camera and microphone, and what to say when they are not to be had. */

export interface Capture {
  tracks: MediaStreamTrack[];
  /** A sentence for the user when something is missing. */
  problem?: string;
}

const EXPLANATIONS: Record<string, string> = {
  NotAllowedError: "The browser was not allowed to use it. Allow it in the address bar and join again.",
  NotFoundError: "None was found.",
  NotReadableError: "Another program is using it.",
  OverconstrainedError: "It cannot deliver this resolution.",
};

/** Asks for both at once, then for each alone: a call with only one of them, or none, is still a call. */
export async function capture(width: number, height: number): Promise<Capture> {
  const video = { width: { ideal: width }, height: { ideal: height }, frameRate: { ideal: 30 } };
  if (!navigator.mediaDevices) {
    return { tracks: [], problem: "Camera and microphone need a page served over HTTPS, or from localhost." };
  }
  try {
    return { tracks: (await navigator.mediaDevices.getUserMedia({ audio: true, video })).getTracks() };
  } catch {
    const microphone = await attempt("Microphone", { audio: true });
    const camera = await attempt("Camera", { video });
    const problems = [microphone.problem, camera.problem].filter((problem) => problem !== undefined);
    return { tracks: [...microphone.tracks, ...camera.tracks], problem: problems.join(" ") };
  }
}

async function attempt(what: string, constraints: MediaStreamConstraints): Promise<Capture> {
  try {
    return { tracks: (await navigator.mediaDevices.getUserMedia(constraints)).getTracks() };
  } catch (error) {
    const name = error instanceof DOMException ? error.name : "";
    return { tracks: [], problem: `${what}: ${EXPLANATIONS[name] ?? String(error)}` };
  }
}

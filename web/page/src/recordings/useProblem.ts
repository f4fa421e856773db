import { useCallback, useState } from "react";

import { CallError } from "@hubbub/client";

/**
 * Keeps why the last request failed.
 *
 * @param onError - Called with each failure, too.
 * @returns The failure, and a function that takes what a promise was rejected with.
 */
export function useProblem(onError: (error: CallError) => void): [CallError | undefined, (error: unknown) => void] {
  const [problem, setProblem] = useState<CallError>();
  const failed = useCallback(
    (error: unknown) => {
      const found = CallError.of(error);
      setProblem(found);
      onError(found);
    },
    [onError],
  );
  return [problem, failed];
}

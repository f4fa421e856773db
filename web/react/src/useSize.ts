import { useLayoutEffect, useRef, useState, type RefObject } from "react";

import type { Box } from "./layout.ts";

/** Returns a ref for an element and its inner size in CSS pixels. Rerenders when the size changes. */
export function useSize<T extends HTMLElement>(): [RefObject<T | null>, Box] {
  const ref = useRef<T>(null);
  const [size, setSize] = useState<Box>({ width: 0, height: 0 });
  useLayoutEffect(() => {
    const element = ref.current;
    if (!element) return undefined;
    const read = () => setSize({ width: element.clientWidth, height: element.clientHeight });
    read();
    const observer = new ResizeObserver(read);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return [ref, size];
}

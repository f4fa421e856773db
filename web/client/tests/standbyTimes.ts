/** Stands for `standbySchedule.ts`, with short times. */

import { vi } from "vitest";

import type { History } from "../src/standbySchedule.ts";

export const SOON_MS = 150;
export const RETRY_MS = 400;
export const SETTLES_MS = 300;

export const standbyDelay = vi.fn(({ failures }: History, _random: number) => (failures === 0 ? SOON_MS : RETRY_MS));

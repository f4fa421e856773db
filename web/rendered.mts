/** As conditions.mts, for what React renders. */

import { configure } from "@testing-library/react";

import { CONDITION_TIMEOUT_MS } from "./conditions.mts";

configure({ asyncUtilTimeout: CONDITION_TIMEOUT_MS });

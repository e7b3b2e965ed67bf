/** Asks a mock server for a fault. Any other server refuses it: its client may believe that it talks to a mock. */
export const FAULT_HEADER = "x-mock-fault";

/** Request headers that a real server refuses, each with its error text. */
export const REFUSED_HEADERS: Readonly<Record<string, string>> = {
  [FAULT_HEADER]: "is for a mock server only; start one with allison mock",
};

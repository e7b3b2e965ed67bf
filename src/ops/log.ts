/** The log: a JSON object a line on stderr. Keys, secrets and bodies are never handed to it. */
import pino from "pino";
import type { LogLevel } from "../config.ts";

export type Log = Pick<pino.Logger, "debug" | "info" | "warn" | "error">;

export const createLog = (level: LogLevel): Log =>
  pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    pino.destination({ dest: 2, sync: true }),
  );

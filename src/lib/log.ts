/** The log: one JSON object per line on stderr. It never receives keys, secrets or bodies. */
import { writeSync } from "node:fs";
import pino from "pino";

export const LOG_LEVELS = ["debug", "info", "warn", "error", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export type Log = Pick<pino.Logger, "debug" | "info" | "warn" | "error" | "isLevelEnabled">;

const STDERR = 2;

export const createLog = (level: LogLevel): Log =>
  pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    {
      write(line) {
        try {
          writeSync(STDERR, line);
        } catch {
          // A log that cannot be written must not fail a request or stop the server.
        }
      },
    },
  );

/** The log: a JSON object a line on stderr. Keys, secrets and bodies are never handed to it. */
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
          // A full disk under the log, or nobody who reads it, decides no answer and ends no server.
        }
      },
    },
  );

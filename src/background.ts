/** The entry point of the background reader's threads: every job that they run. */
import { createPageJob } from "./http/reading.ts";
import { ROUTES } from "./routes.ts";
import { serveJobs } from "./store/background-thread.ts";

serveJobs([createPageJob(ROUTES)]);

/** The entry point of the background reader's threads: every job that they run. */
import { verifyJob } from "./audit/log.ts";
import { auditExportJob, auditPageJob } from "./dashboard/audit.ts";
import { overviewJob } from "./dashboard/overview.ts";
import { createPageJob } from "./http/reading.ts";
import { ROUTES } from "./routes.ts";
import { serveJobs } from "./store/background-thread.ts";

serveJobs([createPageJob(ROUTES), overviewJob, auditPageJob, auditExportJob, verifyJob]);

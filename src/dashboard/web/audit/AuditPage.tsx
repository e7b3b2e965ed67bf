import { Page } from "../parts/page.tsx";

export const AuditPage = () => <Page title="AuditPage">To come</Page>;

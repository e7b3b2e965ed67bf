import { Page } from "../parts/page.tsx";

export const NewWebhookPanel = () => <Page title="NewWebhookPanel">To come</Page>;

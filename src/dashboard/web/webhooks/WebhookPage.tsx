import { Page } from "../parts/page.tsx";

export const WebhookPage = () => <Page title="WebhookPage">To come</Page>;

import { Page } from "../parts/page.tsx";

export const WebhooksPage = () => <Page title="WebhooksPage">To come</Page>;

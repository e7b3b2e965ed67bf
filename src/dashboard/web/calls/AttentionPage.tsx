import { Page } from "../parts/page.tsx";

export const AttentionPage = () => <Page title="AttentionPage">To come</Page>;

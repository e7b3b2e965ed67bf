import { Page } from "../parts/page.tsx";

export const OverviewPage = () => <Page title="OverviewPage">To come</Page>;

import { Page } from "../parts/page.tsx";

export const CallsPage = () => <Page title="CallsPage">To come</Page>;

import { Page } from "../parts/page.tsx";

export const BusinessPage = () => <Page title="BusinessPage">To come</Page>;

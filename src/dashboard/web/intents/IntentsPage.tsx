import { Page } from "../parts/page.tsx";

export const IntentsPage = () => <Page title="IntentsPage">To come</Page>;

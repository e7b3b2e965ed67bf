import { Page } from "../parts/page.tsx";

export const TeamPage = () => <Page title="TeamPage">To come</Page>;

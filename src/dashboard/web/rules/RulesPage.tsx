import { Page } from "../parts/page.tsx";

export const RulesPage = () => <Page title="RulesPage">To come</Page>;

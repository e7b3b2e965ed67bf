import { Page } from "../parts/page.tsx";

export const RulePanel = () => <Page title="RulePanel">To come</Page>;

import { Page } from "../parts/page.tsx";

export const IntentPanel = () => <Page title="IntentPanel">To come</Page>;

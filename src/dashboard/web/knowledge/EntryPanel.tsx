import { Page } from "../parts/page.tsx";

export const EntryPanel = () => <Page title="EntryPanel">To come</Page>;

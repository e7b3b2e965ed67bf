import { Page } from "../parts/page.tsx";

export const KeysPage = () => <Page title="KeysPage">To come</Page>;

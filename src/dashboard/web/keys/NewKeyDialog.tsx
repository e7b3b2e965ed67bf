import { Page } from "../parts/page.tsx";

export const NewKeyDialog = () => <Page title="NewKeyDialog">To come</Page>;

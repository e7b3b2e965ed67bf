import { Page } from "../parts/page.tsx";

export const Welcome = () => <Page title="Welcome">To come</Page>;

import { Page } from "../parts/page.tsx";

export const KnowledgePage = () => <Page title="KnowledgePage">To come</Page>;

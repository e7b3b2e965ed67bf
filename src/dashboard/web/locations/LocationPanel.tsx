import { Page } from "../parts/page.tsx";

export const LocationPanel = () => <Page title="LocationPanel">To come</Page>;

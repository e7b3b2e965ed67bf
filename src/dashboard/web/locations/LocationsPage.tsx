import { Page } from "../parts/page.tsx";

export const LocationsPage = () => <Page title="LocationsPage">To come</Page>;

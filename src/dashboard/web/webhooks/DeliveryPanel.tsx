import { Page } from "../parts/page.tsx";

export const DeliveryPanel = () => <Page title="DeliveryPanel">To come</Page>;

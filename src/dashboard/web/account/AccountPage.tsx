import { Page } from "../parts/page.tsx";

export const AccountPage = () => <Page title="AccountPage">To come</Page>;

import { Page } from "../parts/page.tsx";

export const CallPage = () => <Page title="CallPage">To come</Page>;

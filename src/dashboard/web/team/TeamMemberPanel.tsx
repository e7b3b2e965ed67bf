import { Page } from "../parts/page.tsx";

export const TeamMemberPanel = () => <Page title="TeamMemberPanel">To come</Page>;

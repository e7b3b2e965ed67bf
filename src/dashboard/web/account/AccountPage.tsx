/** The signed-in user's account: name, password, two-factor authentication, sessions. */
import { Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { sessionQuery } from "../api/queries.ts";
import { Page } from "../parts/page.tsx";
import { NameForm } from "./NameForm.tsx";
import { PasswordForm } from "./PasswordForm.tsx";
import { Section } from "./Section.tsx";
import { Sessions } from "./Sessions.tsx";
import { TwoFactor } from "./TwoFactor.tsx";

export function AccountPage() {
  const { data: session } = useQuery(sessionQuery);
  if (!session) return null;
  const { user } = session;
  return (
    <Page title="Account" about="Your sign-in settings and active sessions.">
      <Section title="Profile">
        <Text size="sm">
          You sign in as <b>{user.email}</b>.
        </Text>
        <NameForm
          label="Your name"
          name={user.name ?? ""}
          path="/user"
          entity="user"
          emptyValue={null}
        />
      </Section>
      <Section title="Password">
        <PasswordForm email={user.email} />
      </Section>
      <Section title="Two-factor authentication">
        <TwoFactor user={user} />
      </Section>
      <Section title="Sessions">
        <Sessions />
      </Section>
    </Page>
  );
}

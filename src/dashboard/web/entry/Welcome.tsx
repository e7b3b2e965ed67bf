/** The first run: the first account, the business and its first location, by the link that the server printed. */
import { Alert, Badge, Button, Group, Stack, Text, TextInput, Title } from "@mantine/core";
import { type UseFormReturnType, useForm } from "@mantine/form";
import { IconLinkOff } from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { type ReactNode, useEffect, useState } from "react";
import type { Welcome as Answer, SessionInfo } from "../../answers.ts";
import { Failure, getData, send } from "../api/client.ts";
import { sessionQuery } from "../api/queries.ts";
import { useFieldHelp } from "../api/schema.ts";
import { showFieldErrors } from "../parts/form.tsx";
import { NewPassword } from "../parts/new-password.tsx";
import { FailureNotice, SkeletonLines } from "../parts/states.tsx";
import { ownTimeZone, TimeZoneSelect } from "../parts/time-zone.tsx";
import { Entrance, Sheet } from "./Entrance.tsx";
import { useToken } from "./token.ts";

/** Whether the link opens, and whom the server is for. */
async function look(token: string | null) {
  const welcome = await getData<Answer>("/welcome");
  if (token === null || !welcome.needs_account) return { welcome, opens: false };
  try {
    await send("POST", "/first-account/check", { body: { token } });
    return { welcome, opens: true };
  } catch (error) {
    if (isDead(error)) return { welcome, opens: false };
    throw error;
  }
}

const isDead = (error: unknown) => error instanceof Failure && error.status === 404;

export function Welcome() {
  const token = useToken();
  const { data, error, refetch } = useQuery({
    // The token itself is no part of what is remembered.
    queryKey: ["first-account", token !== null],
    queryFn: () => look(token),
    gcTime: 0,
  });
  // Another link may have been opened in the same tab.
  useEffect(() => {
    if (data) void refetch();
  }, [token]);

  if (error)
    return (
      <Entrance title="Welcome">
        <FailureNotice error={error} retry={() => void refetch()} />
      </Entrance>
    );
  if (!data)
    return (
      <Entrance title="Welcome">
        <SkeletonLines />
      </Entrance>
    );
  if (!data.welcome.needs_account) return <Made />;
  if (!data.opens || token === null) return <DeadLink given={token !== null} />;
  return (
    <FirstAccount
      token={token}
      business={data.welcome.organization ?? ""}
      onDead={() => void refetch()}
    />
  );
}

function Made() {
  return (
    <Entrance title="The first account is made">
      <Sheet>
        <Stack align="flex-start">
          <Text size="sm">
            This link was for making it, and opens nothing any more. Sign in with your email and
            password.
          </Text>
          <Button component={Link} to="/sign-in">
            Go to the sign-in
          </Button>
        </Stack>
      </Sheet>
    </Entrance>
  );
}

function DeadLink({ given }: { given: boolean }) {
  return (
    <Entrance title={given ? "This link opens nothing" : "The link is needed"}>
      <Alert color="yellow" variant="light" icon={<IconLinkOff />} role="alert">
        <Stack gap="xs">
          <Text size="sm">
            {given
              ? "It is mistyped, or from an earlier start of the server."
              : "This page opens by the one-time link that the server printed when it started."}
          </Text>
          <Text size="sm">
            Open the link of the last start. Where it is lost, start the server again for a new one,
            or make an account on its machine with <code>allison admin create</code>.
          </Text>
        </Stack>
      </Alert>
    </Entrance>
  );
}

interface Values extends Record<string, unknown> {
  email: string;
  name: string;
  password: string;
  organization: string;
  location: { name: string; timezone: string };
}

function FirstAccount({
  token,
  business,
  onDead,
}: {
  token: string;
  business: string;
  onDead(): void;
}) {
  const navigate = useNavigate();
  const client = useQueryClient();
  const form = useForm<Values>({
    initialValues: {
      ...{ email: "", name: "", password: "", organization: business },
      location: { name: "", timezone: ownTimeZone() },
    },
  });
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const [refusals, setRefusals] = useState(0);
  // The page is longer than a phone's screen: what is refused may stand above it.
  useEffect(() => {
    if (refusals > 0) document.querySelector<HTMLElement>("[aria-invalid=true]")?.focus();
  }, [refusals]);

  async function submit(values: Values) {
    setBusy(true);
    setProblem(null);
    try {
      const body = { ...values, name: values.name || undefined, token };
      const answer = await send<{ data: SessionInfo }>("POST", "/first-account", { body });
      client.clear();
      client.setQueryData(sessionQuery.queryKey, answer.body.data);
      await navigate({ to: "/" });
    } catch (error) {
      if (isDead(error)) onDead();
      else setProblem(showFieldErrors(form, error));
      setRefusals((count) => count + 1);
    } finally {
      setBusy(false);
    }
  }

  return (
    <Entrance
      title="Welcome"
      about="Three things, then the dashboard opens. All of them can be changed later."
      size={560}
    >
      <form onSubmit={form.onSubmit((values) => submit(values))} noValidate>
        <Stack gap="md">
          <Steps form={form} />
          {problem && (
            <Alert color="red" variant="light" role="alert">
              {problem}
            </Alert>
          )}
          <Button type="submit" loading={busy} size="md">
            Create account and open the dashboard
          </Button>
        </Stack>
      </form>
    </Entrance>
  );
}

function Steps({ form }: { form: UseFormReturnType<Values> }) {
  const help = useFieldHelp("LocationCreate");
  const { email, name, organization } = form.values;
  return (
    <>
      <Step number={1} title="Your account">
        <TextInput
          label="Email"
          type="email"
          autoComplete="username"
          autoFocus
          required
          {...form.getInputProps("email")}
        />
        <TextInput label="Your name" autoComplete="name" {...form.getInputProps("name")} />
        <NewPassword
          label="Password"
          required
          known={[email, name, organization]}
          {...form.getInputProps("password")}
        />
      </Step>
      <Step number={2} title="Your business">
        <TextInput
          label="Business name"
          description="As callers know it. It stands above every page."
          autoComplete="organization"
          required
          {...form.getInputProps("organization")}
        />
      </Step>
      <Step number={3} title="Your first location">
        <TextInput
          label="Location name"
          description="Where the business is. More can be added later."
          placeholder={help("name").placeholder}
          required
          {...form.getInputProps("location.name")}
        />
        <TimeZoneSelect
          label="Time zone"
          description="Suggested by this browser. Opening hours and the days of calls go by it."
          required
          {...form.getInputProps("location.timezone")}
        />
      </Step>
    </>
  );
}

function Step({ number, title, children }: { number: number; title: string; children: ReactNode }) {
  return (
    <Sheet>
      <Stack gap="sm">
        <Group gap="xs">
          <Badge circle size="lg" variant="light">
            {number}
          </Badge>
          <Title order={2} size="h5">
            {title}
          </Title>
        </Group>
        {children}
      </Stack>
    </Sheet>
  );
}

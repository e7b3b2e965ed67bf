/** Signing in. */
import { Button, Container, PasswordInput, Stack, TextInput, Title } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { send } from "../api/client.ts";
import { showRefusal } from "../parts/form.tsx";

export function SignIn() {
  const { next } = useSearch({ from: "/sign-in" });
  const navigate = useNavigate();
  const client = useQueryClient();
  const form = useForm({ initialValues: { email: "", password: "" } });
  return (
    <Container component="main" size={400} py={80}>
      <form
        onSubmit={form.onSubmit(async (body) => {
          try {
            await send("POST", "/sign-in", { body });
            client.clear();
            await navigate({ to: next ?? "/" });
          } catch (error) {
            showRefusal(form, error);
          }
        })}
      >
        <Stack>
          <Title order={1}>Sign in</Title>
          <TextInput label="Email" {...form.getInputProps("email")} />
          <PasswordInput label="Password" {...form.getInputProps("password")} />
          <Button type="submit">Sign in</Button>
        </Stack>
      </form>
    </Container>
  );
}

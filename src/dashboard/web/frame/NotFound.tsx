/** Where there is no page, or where one failed. */
import { Button, Container } from "@mantine/core";
import { IconMapQuestion, IconPlugX } from "@tabler/icons-react";
import { type ErrorComponentProps, Link, useRouter } from "@tanstack/react-router";
import { explainError, Failure } from "../api/client.ts";
import { useTitle } from "../parts/page.tsx";
import { Empty } from "../parts/states.tsx";

export function NotFound() {
  useTitle("Not found");
  return (
    <Container component="main">
      <Empty
        icon={IconMapQuestion}
        title="There is nothing at this address"
        action={
          <Button component={Link} to="/">
            Go to the overview
          </Button>
        }
      >
        The link may be mistyped, or what it named is deleted.
      </Empty>
    </Container>
  );
}

export function PageFailure({ error, reset }: ErrorComponentProps) {
  useTitle("Failed");
  const router = useRouter();
  const again = () => {
    // After an update the server has other scripts than those this page knows.
    if (!(error instanceof Failure)) return location.reload();
    reset();
    void router.invalidate();
  };
  return (
    <Container component="main" role="alert">
      <Empty
        icon={IconPlugX}
        title="This page could not be shown"
        action={<Button onClick={again}>Try again</Button>}
      >
        {explainError(error)}
      </Empty>
    </Container>
  );
}

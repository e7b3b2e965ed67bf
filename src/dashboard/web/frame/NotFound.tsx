/** The pages for an unknown address and for a page that failed. */
import { Button, Container } from "@mantine/core";
import { IconMapQuestion, IconPlugX } from "@tabler/icons-react";
import { type ErrorComponentProps, Link, useRouter } from "@tanstack/react-router";
import { PAGE_PATHS } from "../../page-paths.ts";
import { explainError, Failure } from "../api/client.ts";
import { useTitle } from "../parts/page.tsx";
import { Empty } from "../parts/states.tsx";

export function NotFound() {
  useTitle("Page not found");
  return (
    <Container component="main">
      <Empty
        icon={IconMapQuestion}
        title="Page not found"
        action={
          <Button component={Link} to={PAGE_PATHS.overview}>
            Go to overview
          </Button>
        }
      >
        Check the address. The page may no longer exist.
      </Empty>
    </Container>
  );
}

export function PageFailure({ error, reset }: ErrorComponentProps) {
  useTitle("Error");
  const router = useRouter();
  const retry = () => {
    // After an update of the server, the scripts that this page refers to no longer exist.
    if (!(error instanceof Failure)) return location.reload();
    reset();
    void router.invalidate();
  };
  return (
    <Container component="main" role="alert">
      <Empty
        icon={IconPlugX}
        title="Could not load this page"
        action={<Button onClick={retry}>Try again</Button>}
      >
        {explainError(error)}
      </Empty>
    </Container>
  );
}

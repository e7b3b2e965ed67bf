/** Starts the dashboard in the browser. */
import "@mantine/core/styles.css";
import "@mantine/notifications/styles.css";
import "./style.css";
import { MantineProvider } from "@mantine/core";
import { ModalsProvider } from "@mantine/modals";
import { Notifications } from "@mantine/notifications";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { createQueryClient, sessionQuery } from "./api/queries.ts";
import { createPagesRouter } from "./router.tsx";
import { theme } from "./theme.ts";

/** The policy of the page allows styles made here only with it. */
const nonce = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? "";
Object.assign(globalThis, { __webpack_nonce__: nonce });

/** Nobody has to be signed in for them. */
const OPEN_PAGES = new Set(["/sign-in", "/sign-in/link", "/welcome", "/mock"]);

const client = createQueryClient(() => {
  const { pathname, href } = router.state.location;
  if (OPEN_PAGES.has(pathname)) return;
  client.removeQueries({ queryKey: sessionQuery.queryKey });
  void router.navigate({ to: "/sign-in", search: { next: href } });
});
const router = createPagesRouter(client);

createRoot(document.querySelector("#root")!).render(
  <StrictMode>
    <MantineProvider theme={theme} defaultColorScheme="auto" getStyleNonce={() => nonce}>
      <QueryClientProvider client={client}>
        <ModalsProvider
          labels={{ confirm: "Confirm", cancel: "Cancel" }}
          // A question stands above the panel that it is about.
          modalProps={{ zIndex: 300 }}
        >
          <RouterProvider router={router} />
          <Notifications position="bottom-right" />
        </ModalsProvider>
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);

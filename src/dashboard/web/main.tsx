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
import { PAGE_PATHS, PUBLIC_PAGES } from "../page-paths.ts";
import { createQueryClient, sessionQuery } from "./api/queries.ts";
import { createPagesRouter } from "./router.tsx";
import { theme } from "./theme.ts";

/** The content security policy allows styles added by scripts only with this nonce. */
const nonce = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? "";
Object.assign(globalThis, { __webpack_nonce__: nonce });

const publicPaths = new Set<string>(PUBLIC_PAGES.map((page) => PAGE_PATHS[page]));

const client = createQueryClient(() => {
  const { pathname, href } = router.state.location;
  if (publicPaths.has(pathname)) return;
  client.removeQueries({ queryKey: sessionQuery.queryKey });
  void router.navigate({ to: PAGE_PATHS.signIn, search: { next: href } });
});
const router = createPagesRouter(client);

createRoot(document.querySelector("#root")!).render(
  <StrictMode>
    <MantineProvider theme={theme} defaultColorScheme="auto" getStyleNonce={() => nonce}>
      <QueryClientProvider client={client}>
        <ModalsProvider
          labels={{ confirm: "Confirm", cancel: "Cancel" }}
          // Above the panel that opens it.
          modalProps={{ zIndex: 300 }}
        >
          <RouterProvider router={router} />
          <Notifications position="bottom-right" />
        </ModalsProvider>
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);

/** The frame around every page: the header and the sidebar, which is a drawer on a phone. */
import {
  Alert,
  AppShell,
  Badge,
  Burger,
  Divider,
  Group,
  NavLink,
  ScrollArea,
  Text,
} from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconBook2, IconDatabaseX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, Outlet, useLocation } from "@tanstack/react-router";
import { lazy, type ReactNode, Suspense, useEffect, useRef } from "react";
import type { AttentionItem } from "../../answers.ts";
import { PAGE_PATHS } from "../../page-paths.ts";
import { pageQuery, sessionQuery, useChanges } from "../api/queries.ts";
import { capitalize } from "../parts/capitalize.ts";
import { ConfirmIdentityProvider } from "../parts/confirm-identity.tsx";
import { AccountMenu, ColorSchemeButton, SearchButton } from "./header.tsx";
import { NAVIGATION, type NavigationGroup, type NavigationPage } from "./navigation.ts";

const Search = lazy(() => import("./Search.tsx"));

export function Shell() {
  const [opened, { toggle, close }] = useDisclosure();
  const { pathname } = useLocation();
  const openSearch = useRef<() => void>(null);
  const storage = useChanges()?.storage ?? null;
  useEffect(close, [pathname]);
  return (
    <ConfirmIdentityProvider>
      <AppShell
        header={{ height: 52 }}
        navbar={{ width: 224, breakpoint: "sm", collapsed: { mobile: !opened } }}
        padding={{ base: "md", md: "xl" }}
      >
        <a className="skip" href="#content">
          Skip to content
        </a>
        <AppShell.Header px="md">
          <Header onSearch={() => openSearch.current?.()}>
            <Burger
              opened={opened}
              onClick={toggle}
              hiddenFrom="sm"
              size="sm"
              aria-label={opened ? "Close menu" : "Open menu"}
            />
          </Header>
        </AppShell.Header>
        <AppShell.Navbar p="sm" aria-label="Pages">
          <ScrollArea type="hover" scrollbarSize={6}>
            {NAVIGATION.map((group) => (
              <SidebarGroup key={group.title} group={group} pathname={pathname} />
            ))}
          </ScrollArea>
        </AppShell.Navbar>
        <AppShell.Main id="content" tabIndex={-1}>
          {storage && (
            <Alert color="red" mb="lg" icon={<IconDatabaseX />} title="Changes cannot be saved">
              {capitalize(storage.message)}. The server's log says what to do.
            </Alert>
          )}
          <Suspense>
            <Outlet />
          </Suspense>
        </AppShell.Main>
      </AppShell>
      <Suspense>
        <Search opener={openSearch} />
      </Suspense>
    </ConfirmIdentityProvider>
  );
}

/** `children`: the button that opens the sidebar on a phone. */
function Header({ onSearch, children }: { onSearch(): void; children: ReactNode }) {
  const { data: session } = useQuery(sessionQuery);
  return (
    <Group h="100%" justify="space-between" wrap="nowrap">
      <Group gap="sm" wrap="nowrap" miw={0}>
        {children}
        <img src="/docs/icon.svg" alt="" width={24} height={24} />
        <Text fw={650} truncate>
          {session?.organization.name ?? "Allison"}
        </Text>
      </Group>
      <Group gap="xs" wrap="nowrap">
        <SearchButton onOpen={onSearch} />
        <ColorSchemeButton />
        <AccountMenu name={session?.user.name ?? session?.user.email ?? ""} />
      </Group>
    </Group>
  );
}

function SidebarGroup({ group, pathname }: { group: NavigationGroup; pathname: string }) {
  const { title, pages } = group;
  return (
    <div>
      {title && <Divider my="xs" label={title} labelPosition="left" />}
      {pages.map((page) => (
        <SidebarLink key={page.page} {...page} pathname={pathname} />
      ))}
      {title === "Developers" && (
        <NavLink
          href="/docs"
          label="API reference"
          leftSection={<IconBook2 size={18} stroke={1.6} />}
        />
      )}
    </div>
  );
}

function SidebarLink({ page, title, icon: Icon, pathname }: NavigationPage & { pathname: string }) {
  const path = PAGE_PATHS[page];
  const isActive = page === "overview" ? pathname === path : pathname.startsWith(path);
  return (
    <NavLink
      component={Link}
      to={path}
      label={title}
      leftSection={<Icon size={18} stroke={1.6} />}
      active={isActive}
      aria-current={isActive ? "page" : undefined}
      rightSection={page === "attention" ? <OpenItems /> : undefined}
    />
  );
}

/** How many messages and callback requests are open, counted up to 100. */
function OpenItems() {
  const { data } = useQuery(pageQuery<AttentionItem>("/attention", ["call"], { limit: 100 }));
  if (!data || data.data.length === 0) return null;
  const count = data.has_more ? "100+" : String(data.data.length);
  return (
    <Badge size="sm" variant="light" aria-label={`${count} open`}>
      {count}
    </Badge>
  );
}

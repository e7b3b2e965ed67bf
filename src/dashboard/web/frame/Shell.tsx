/** The frame around every page: the sidebar with its groups, on a phone a drawer, and the bar above. */
import {
  ActionIcon,
  AppShell,
  Badge,
  Burger,
  Divider,
  Group,
  Kbd,
  Menu,
  NavLink,
  ScrollArea,
  Text,
  UnstyledButton,
  useComputedColorScheme,
  useMantineColorScheme,
} from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import {
  IconAddressBook,
  IconBook,
  IconBook2,
  IconBuildingStore,
  IconChartBar,
  IconHistory,
  IconInbox,
  IconKey,
  IconLogout,
  IconMapPin,
  IconMoon,
  IconPhone,
  IconRoute,
  IconSearch,
  IconSun,
  IconTargetArrow,
  IconUser,
  IconUsers,
  IconWebhook,
  type TablerIcon,
} from "@tabler/icons-react";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, Outlet, useLocation, useNavigate } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useRef } from "react";
import type { AttentionItem } from "../../answers.ts";
import { explainError, send } from "../api/client.ts";
import { pageQuery, sessionQuery, useChanges } from "../api/queries.ts";
import { ConfirmIdentityProvider } from "../parts/confirm-identity.tsx";

interface PageGroup {
  title: string | null;
  pages: readonly { to: string; title: string; icon: TablerIcon }[];
}

const Search = lazy(() => import("./Search.tsx"));

/** The pages of the sidebar, in its groups. */
export const GROUPS: readonly PageGroup[] = [
  {
    title: null,
    pages: [
      { to: "/", title: "Overview", icon: IconChartBar },
      { to: "/calls", title: "Calls", icon: IconPhone },
      { to: "/attention", title: "To do", icon: IconInbox },
      { to: "/contacts", title: "Contacts", icon: IconAddressBook },
      { to: "/knowledge", title: "Knowledge", icon: IconBook },
    ],
  },
  {
    title: "Routing",
    pages: [
      { to: "/team", title: "Team", icon: IconUsers },
      { to: "/rules", title: "Escalation rules", icon: IconRoute },
      { to: "/intents", title: "Intents", icon: IconTargetArrow },
      { to: "/locations", title: "Locations", icon: IconMapPin },
    ],
  },
  {
    title: "Developers",
    pages: [{ to: "/webhooks", title: "Webhooks", icon: IconWebhook }],
  },
  {
    title: "Settings",
    pages: [
      { to: "/settings/keys", title: "API keys", icon: IconKey },
      { to: "/settings/audit", title: "Audit log", icon: IconHistory },
      { to: "/settings/business", title: "Business", icon: IconBuildingStore },
      { to: "/settings/account", title: "Account", icon: IconUser },
    ],
  },
];

/** How many messages and callbacks nobody has dealt with, as far as it is worth counting. */
function useOpenItems(): string | null {
  const { data } = useQuery(pageQuery<AttentionItem>("/attention", ["call"], { limit: 100 }));
  if (!data || data.data.length === 0) return null;
  return data.has_more ? "100+" : String(data.data.length);
}

export function Shell() {
  const { data: session } = useQuery(sessionQuery);
  const [opened, { toggle, close }] = useDisclosure();
  const { pathname } = useLocation();
  const openItems = useOpenItems();
  const openSearch = useRef<() => void>(null);
  useChanges();
  useEffect(close, [pathname]);

  const isHere = (to: string) => (to === "/" ? pathname === "/" : pathname.startsWith(to));
  return (
    <ConfirmIdentityProvider>
      <AppShell
        header={{ height: 52 }}
        navbar={{ width: 224, breakpoint: "sm", collapsed: { mobile: !opened } }}
        padding={{ base: "md", md: "xl" }}
      >
        <a className="skip" href="#content">
          Skip to the content
        </a>
        <AppShell.Header px="md">
          <Group h="100%" justify="space-between" wrap="nowrap">
            <Group gap="sm" wrap="nowrap" miw={0}>
              <Burger
                opened={opened}
                onClick={toggle}
                hiddenFrom="sm"
                size="sm"
                aria-label={opened ? "Close the menu" : "Open the menu"}
              />
              <img src="/docs/icon.svg" alt="" width={24} height={24} />
              <Text fw={650} truncate>
                {session?.organization.name ?? "Allison"}
              </Text>
            </Group>
            <Group gap="xs" wrap="nowrap">
              <SearchButton onOpen={() => openSearch.current?.()} />
              <ColorScheme />
              <AccountMenu name={session?.user.name ?? session?.user.email ?? ""} />
            </Group>
          </Group>
        </AppShell.Header>
        <AppShell.Navbar p="sm" aria-label="Pages">
          <ScrollArea type="hover" scrollbarSize={6}>
            {GROUPS.map(({ title, pages }) => (
              <div key={title}>
                {title && <Divider my="xs" label={title} labelPosition="left" />}
                {pages.map(({ to, title: name, icon: Icon }) => (
                  <NavLink
                    key={to}
                    component={Link}
                    to={to}
                    label={name}
                    leftSection={<Icon size={18} stroke={1.6} />}
                    active={isHere(to)}
                    aria-current={isHere(to) ? "page" : undefined}
                    rightSection={
                      to === "/attention" && openItems !== null ? (
                        <Badge size="sm" variant="light" aria-label={`${openItems} open`}>
                          {openItems}
                        </Badge>
                      ) : undefined
                    }
                  />
                ))}
                {title === "Developers" && (
                  <NavLink
                    href="/docs"
                    label="API reference"
                    leftSection={<IconBook2 size={18} stroke={1.6} />}
                  />
                )}
              </div>
            ))}
          </ScrollArea>
        </AppShell.Navbar>
        <AppShell.Main id="content" tabIndex={-1}>
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

function SearchButton({ onOpen }: { onOpen(): void }) {
  return (
    <>
      <UnstyledButton onClick={onOpen} visibleFrom="sm" className="search-button">
        <IconSearch size={16} />
        <Text size="sm" c="dimmed">
          Search
        </Text>
        <Kbd size="xs">{navigator.platform.startsWith("Mac") ? "⌘K" : "Ctrl K"}</Kbd>
      </UnstyledButton>
      <ActionIcon
        variant="subtle"
        color="gray"
        onClick={onOpen}
        hiddenFrom="sm"
        aria-label="Search"
      >
        <IconSearch size={18} />
      </ActionIcon>
    </>
  );
}

function ColorScheme() {
  const { setColorScheme } = useMantineColorScheme();
  const dark = useComputedColorScheme("light") === "dark";
  const label = dark ? "Light mode" : "Dark mode";
  return (
    <ActionIcon
      variant="subtle"
      color="gray"
      aria-label={label}
      title={label}
      onClick={() => setColorScheme(dark ? "light" : "dark")}
    >
      {dark ? <IconSun size={18} /> : <IconMoon size={18} />}
    </ActionIcon>
  );
}

function AccountMenu({ name }: { name: string }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  async function signOut() {
    try {
      await send("DELETE", "/session");
    } catch (error) {
      notifications.show({ color: "red", message: explainError(error) });
      return;
    }
    await navigate({ to: "/sign-in" });
    client.clear();
  }
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label="Your account">
          <IconUser size={18} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{name}</Menu.Label>
        <Menu.Item component={Link} to="/settings/account" leftSection={<IconUser size={16} />}>
          Account
        </Menu.Item>
        <Menu.Item leftSection={<IconLogout size={16} />} onClick={() => void signOut()}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

/** The buttons at the right of the header: search, color scheme, account. */
import {
  ActionIcon,
  Kbd,
  Menu,
  Text,
  UnstyledButton,
  useComputedColorScheme,
  useMantineColorScheme,
} from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconLogout, IconMoon, IconSearch, IconSun, IconUser } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { PAGE_PATHS } from "../../page-paths.ts";
import { explainError, send } from "../api/client.ts";

export function SearchButton({ onOpen }: { onOpen(): void }) {
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

export function ColorSchemeButton() {
  const { setColorScheme } = useMantineColorScheme();
  const isDark = useComputedColorScheme("light") === "dark";
  const label = isDark ? "Light mode" : "Dark mode";
  return (
    <ActionIcon
      variant="subtle"
      color="gray"
      aria-label={label}
      title={label}
      onClick={() => setColorScheme(isDark ? "light" : "dark")}
    >
      {isDark ? <IconSun size={18} /> : <IconMoon size={18} />}
    </ActionIcon>
  );
}

export function AccountMenu({ name }: { name: string }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  async function signOut() {
    try {
      await send("DELETE", "/session");
    } catch (error) {
      notifications.show({ color: "red", message: explainError(error) });
      return;
    }
    await navigate({ to: PAGE_PATHS.signIn });
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
        <Menu.Item component={Link} to={PAGE_PATHS.account} leftSection={<IconUser size={16} />}>
          Account
        </Menu.Item>
        <Menu.Item leftSection={<IconLogout size={16} />} onClick={() => void signOut()}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

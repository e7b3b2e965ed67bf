/** The theme of the dashboard: one accent color, system fonts. */
import { createTheme, type MantineColorsTuple } from "@mantine/core";

/** The contrast is at least 4.5:1 from shade 7 on white, and up to shade 4 on the dark background. */
const teal: MantineColorsTuple = [
  "#e9f8f6",
  "#cfeeea",
  "#a0ddd5",
  "#6fcbc0",
  "#45b8ab",
  "#229c8f",
  "#128377",
  "#0f766e",
  "#0b5f58",
  "#074842",
];

/** A page has one banner, its header, so the header of a dialog must not be another. */
const dialog = {
  closeButtonProps: { "aria-label": "Close" },
  attributes: { header: { role: "presentation" } },
};

export const theme = createTheme({
  colors: { brand: teal },
  primaryColor: "brand",
  primaryShade: { light: 7, dark: 8 },
  autoContrast: true,
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif',
  fontFamilyMonospace:
    'ui-monospace, "SF Mono", "Cascadia Code", "JetBrains Mono", Menlo, Consolas, "Liberation Mono", monospace',
  headings: { fontWeight: "650" },
  defaultRadius: "md",
  cursorType: "pointer",
  respectReducedMotion: true,
  components: {
    Modal: { defaultProps: { centered: true, ...dialog } },
    Drawer: { defaultProps: dialog },
    Tooltip: {
      defaultProps: {
        openDelay: 300,
        withArrow: true,
        events: { hover: true, focus: true, touch: true },
      },
    },
  },
});

// Starts the reference. Test requests go to the origin of the page, whatever host name and port it has.
const dark = matchMedia("(prefers-color-scheme: dark)");

const configuration = () => ({
  url: "/openapi.json",
  servers: [{ url: location.origin, description: "This server" }],
  theme: "none",
  layout: "modern",
  withDefaultFonts: false,
  telemetry: false,
  agent: { disabled: true },
  mcp: { disabled: true },
  hideClientButton: true,
  showDeveloperTools: "never",
  hideDarkModeToggle: true,
  forceDarkModeState: dark.matches ? "dark" : "light",
  orderSchemaPropertiesBy: "preserve",
  persistAuth: false,
  authentication: { preferredSecurityScheme: "apiKey" },
  metaData: { title: "Allison API" },
});

const reference = window.Scalar.createApiReference("#reference", configuration());
dark.addEventListener("change", () => reference.updateConfiguration(configuration()));

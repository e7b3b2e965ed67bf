/**
 * The keys of every mock server: the same at every start, so that a test may contain them. Their kind, `av_test_`, and
 * the platform key's fixed token open a mock only.
 */
export const MOCK_KEYS = {
  read: "av_test_ReadKeyOfTheMockServer00003QvUE2",
  write: "av_test_WriteKeyOfTheMockServer0000X995d",
  platform: "av_plat_PlatformKeyOfMockServer0000Su9Os",
} as const;
export type MockKeyName = keyof typeof MOCK_KEYS;

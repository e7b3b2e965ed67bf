/** The keys of every mock server: the same at every start, so that tests may contain them. They are valid on a mock only. */
export const MOCK_KEYS = {
  read: "av_test_ReadKeyOfTheMockServer00003QvUE2",
  write: "av_test_WriteKeyOfTheMockServer0000X995d",
  platform: "av_plat_PlatformKeyOfMockServer0000Su9Os",
} as const;
export type MockKeyName = keyof typeof MOCK_KEYS;
